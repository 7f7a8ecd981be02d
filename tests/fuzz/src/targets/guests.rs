//! Untrusted guests: each ends, or waits and can be terminated, and leaves
//! nothing behind.

use std::cell::RefCell;
use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use rmpv::Value;
use tokio::runtime::Runtime;
use warren_engine::{HostLimits, Running, Sink, Stream};
use warren_kernel::{HostConfig, Kind, Outcome};

use crate::Reached;
use crate::support::imports::{ALL as IMPORTS, Import, pair};
use crate::support::{HOST, Setup, World, encoded, escaped, guest, in_time};

/// Processor time of a guest: endless loops are common among random guests.
const MAX_CPU: Duration = Duration::from_millis(50);

/// Time a guest may wait before it is terminated.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// Definitions after which a world is replaced by a new one.
const DEFINITIONS: usize = 500;

/// Texts in the memory of a guest of `flat`, by address and length: its
/// definition, its host, a topic, definition and host together, and none.
const TEXTS: [(u32, u32); 5] = [(4096, 6), (4102, 9), (4112, 5), (4102, 15), (16, 0)];

/// Output of a guest after each call that returns.
const RETURNED: &str = "a call has returned";

pub(crate) static LUA: [Reached; 2] = [Reached::new("values taken"), Reached::new("texts taken")];
pub(crate) static FLAT: [Reached; 3] = [
    Reached::new("guests started"),
    Reached::new("calls returned"),
    Reached::new("guests returned"),
];
pub(crate) static MODULES: [Reached; 3] = [
    Reached::new("guests started"),
    Reached::new("guests failed"),
    Reached::new("guests returned"),
];

/// Runs a future on the runtime that all targets share.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime starts")
    });
    runtime.block_on(future)
}

/// Runs calls of imports, most with ranges inside the memory and some outside.
pub(super) fn flat(bytes: &[u8]) {
    let mut random = Unstructured::new(bytes);
    let Ok(text) = calls(&mut random) else {
        return;
    };
    match run(text.as_bytes()) {
        Some(returned) => FLAT[2].add(u64::from(returned)),
        None => panic!("a guest of the target's own is refused: {text}"),
    }
    FLAT[0].add(1);
}

/// Runs a core module or a component, binary or text.
pub(super) fn modules(bytes: &[u8]) {
    if let Some(returned) = run(bytes) {
        MODULES[0].add(1);
        MODULES[if returned { 2 } else { 1 }].add(1);
    }
}

/// Sends values to a Lua process, which reads or refuses them, and goes on
/// either way. The first byte selects messages or texts of JSON.
pub(super) fn lua(bytes: &[u8]) {
    const READER: &str = "return function()
        local values = process.listen('values', { message = true })
        local texts = process.listen('text', { message = true })
        local after = process.listen('after')
        local taken = 0
        print('ready')
        while true do
            local chosen = channel.select {
                values:case_receive(), texts:case_receive(), after:case_receive() }
            if chosen.channel == after then
                print('read ' .. taken)
                taken = 0
            else
                taken = taken + 1
                local value = chosen.value:payload()
                if chosen.channel == texts then value = json.decode(value) end
                json.encode(value)
            end
        end
    end";
    thread_local! {
        static WORLD: RefCell<Option<(World, Running)>> = const { RefCell::new(None) };
    }
    let Some((how, rest)) = bytes.split_first() else {
        return;
    };
    block_on(async {
        let (mut world, mut running) = match WORLD.take() {
            Some(kept) => kept,
            None => {
                let mut world = World::new(&[]);
                world.define_source("test:reader", READER);
                let running = world.start("test:reader").await;
                world.expect_line("ready").await;
                (world, running)
            }
        };
        if how % 2 == 0 {
            // Invalid values are dropped when they are read.
            world.send(&running, "values", rest);
        } else {
            world.send(&running, "text", &text_as_values(rest));
        }
        world.send(&running, "after", &text_as_values(b""));
        tokio::select! {
            line = world.line() => {
                let taken = line.strip_prefix("read ").and_then(|it| it.parse().ok());
                let taken: u64 = taken.unwrap_or_else(|| panic!("the reader says {line}"));
                assert!(taken <= 1, "{taken} messages of one");
                LUA[usize::from(how % 2)].add(taken);
            }
            ended = running.wait() => panic!("the reader ended: {:?}", ended.outcome),
        }
        WORLD.set(Some((world, running)));
    });
}

/// Returns an array of one string of bytes.
fn text_as_values(text: &[u8]) -> Vec<u8> {
    encoded(&Value::Array(vec![Value::Binary(text.to_vec())]))
}

/// Defines and runs a guest, and asserts that nothing remains. Returns whether
/// the guest returned, or `None` if it was refused.
fn run(bytes: &[u8]) -> Option<bool> {
    thread_local! {
        static WORLD: RefCell<Option<(World, usize)>> = const { RefCell::new(None) };
    }
    block_on(async {
        let (world, used) = WORLD.take().unwrap_or_else(|| (world(), 0));
        let id = format!("test:{used}");
        world.define_bytes(&id, bytes);
        let returned = match world.try_start(&id).await {
            Ok(running) => Some(end(&world, running).await),
            // The world itself must go on: only the input is refused.
            Err(error) => {
                assert_eq!(error.kind, Kind::Invalid, "{error}");
                None
            }
        };
        // Processes that the guest has spawned end too.
        in_time(none_left(&world)).await;
        if used < DEFINITIONS {
            WORLD.set(Some((world, used + 1)));
        } else {
            world.close().await;
        }
        returned
    })
}

/// Terminates all processes, until none lives and no place is taken.
async fn none_left(world: &World) {
    while world.node.kernel().live() > 0 || world.node.places_taken() > 0 {
        for process in world.node.kernel().processes() {
            // Fails if the process has ended meanwhile.
            let _ = world.node.kernel().terminate(&process);
        }
        tokio::task::yield_now().await;
    }
}

/// Returns whether the guest returned by itself.
async fn end(world: &World, mut running: Running) -> bool {
    let in_time_by_itself = tokio::time::timeout(MAX_WAIT, running.wait()).await;
    let ended = match in_time_by_itself {
        Ok(ended) => ended,
        Err(_) => {
            // The process may have ended just now.
            let _ = world.node.kernel().terminate(running.process());
            in_time(running.wait()).await
        }
    };
    matches!(&*ended.outcome, Outcome::Returned(_))
}

/// Counts the calls that return to guests.
struct Returns;

impl Sink for Returns {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().filter(|line| line.ends_with(RETURNED));
        FLAT[1].add(lines.count() as u64);
    }
}

fn world() -> World {
    let host = HostLimits {
        processes: HostConfig {
            max_processes: 20,
            ..HostConfig::default()
        },
        max_memory: 4 << 20,
        max_cpu: Some(MAX_CPU),
        ..HostLimits::default()
    };
    World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), host)],
        sink: Some(Box::new(Returns)),
        ..Setup::default()
    })
}

/// Returns the text of a guest.
fn calls(random: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let mut body = String::new();
    for _ in 0..random.int_in_range(1..=12)? {
        let import = random.choose(IMPORTS)?;
        body += &call(import, random)?;
        // Results rarely go there.
        body += &format!(
            "(call $stdio.write (i32.const 0) (i32.const 61000) (i32.const {}))",
            RETURNED.len() + 1
        );
    }
    let memory = u8::arbitrary(random)?;
    let data = random.bytes(random.len().min(usize::from(memory) * 8))?;
    let items = format!(
        "(data (i32.const 0) \"{}\") (data (i32.const 4096) \"test:0{HOST}@inbox\")
         (data (i32.const 61000) \"{RETURNED}\\n\")",
        escaped(data)
    );
    Ok(guest(&items, &body))
}

fn call(import: &Import, random: &mut Unstructured<'_>) -> arbitrary::Result<String> {
    let mut parameters = Vec::new();
    for parameter in import.parameters.chars() {
        parameters.push(match parameter {
            'i' => format!("(i32.const {})", small_or_any(random)?),
            // A future deadline is waited for, mostly briefly.
            'I' => format!("(i64.const {})", random.choose(&[0_i64, 1, -1, i64::MAX])?),
            // The first invalid text ends the guest.
            's' | 'o' if random.ratio(7, 8)? => {
                let (ptr, len) = *random.choose(&TEXTS)?;
                pair(ptr, len)
            }
            _ => format!(
                "(i32.const {}) (i32.const {})",
                small_or_any(random)?,
                small_or_any(random)?
            ),
        });
    }
    Ok(import.call(&parameters))
}

fn small_or_any(random: &mut Unstructured<'_>) -> arbitrary::Result<i32> {
    Ok(match random.int_in_range(0..=9)? {
        0 => i32::arbitrary(random)?,
        1 => *random.choose(&[-1, i32::MAX, i32::MIN, 65_535, 65_536])?,
        2 => 4096,
        3 => 4102,
        _ => i32::from(u8::arbitrary(random)?),
    })
}
