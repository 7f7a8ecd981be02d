//! Compares the host with the SDKs for Rust, C and Lua: they must accept the same bytes
//! and write the same value.

mod meaning;

use std::cell::RefCell;

use warren_engine::Running;
use warren_kernel::{Kind, Outcome};
use warren_values::{Value, from_value, to_value};

use self::meaning::Meaning;
use super::node::block_on;
use crate::Reached;
use crate::support::{HOST, World, in_time};

pub(crate) static ALIKE: [Reached; 3] = [
    Reached::new("values taken by all"),
    Reached::new("values written by all"),
    Reached::new("inputs refused by all"),
];

/// Nesting of a value that every writer must write. Lua returns the value within a
/// table.
const WRITTEN: usize = 98;

/// Nesting of a value on which all readers must agree. The host accepts 100 levels; SDKs
/// read some more, for the runtime wraps values.
const READ: usize = 99;

/// Bytes of the longest input. The buffer for the copy in C is bounded.
const MAX_INPUT: usize = 16 << 10;

/// A reader and writer of values.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    Host,
    Rust,
    C,
    Lua,
}

/// The result of reading bytes and writing them again.
#[derive(Debug)]
enum Copied {
    /// The reader refused the bytes.
    Refused,
    /// The writer failed; the reason.
    Unwritten(String),
    /// The written bytes.
    To(Vec<u8>),
}

/// Checks that all sides accept or refuse the bytes, and that each copy means the same.
pub(crate) fn alike(bytes: &[u8]) {
    if bytes.len() > MAX_INPUT {
        return;
    }
    // The limits of depth differ between the sides.
    let Some(depth) = meaning::depth(bytes) else {
        return;
    };
    let by_host = block_on(by_host_and_lua(bytes));
    let sides = [
        (Side::Rust, by_rust(bytes)),
        (Side::C, by_c(bytes)),
        (Side::Lua, by_host.1),
    ];
    let taken = by_host.0;
    if depth <= READ {
        for (side, copied) in &sides {
            let takes = !matches!(copied, Copied::Refused);
            assert_eq!(
                takes,
                taken,
                "{side:?} and {:?} do not agree whether {bytes:02x?} is a value: {copied:?}",
                Side::Host
            );
        }
        ALIKE[if taken { 0 } else { 2 }].add(1);
    }
    if !taken || depth > WRITTEN {
        return;
    }
    for (side, copied) in sides {
        let copy = match copied {
            Copied::To(copy) => copy,
            Copied::Refused => panic!("{side:?} refuses {bytes:02x?}"),
            Copied::Unwritten(why) => panic!("{side:?} does not write {bytes:02x?}: {why}"),
        };
        let meaning = |bytes| {
            if side == Side::Lua {
                Meaning::to_lua(bytes)
            } else {
                Meaning::of(bytes)
            }
        };
        assert_eq!(
            meaning(&copy),
            meaning(bytes),
            "{side:?} writes {copy:02x?}, which is something else than {bytes:02x?}"
        );
    }
    ALIKE[1].add(1);
}

fn by_rust(bytes: &[u8]) -> Copied {
    match from_value::<Value>(bytes) {
        Err(_) => Copied::Refused,
        Ok(value) => match to_value(&value) {
            Ok(copy) => Copied::To(copy.as_slice().to_vec()),
            Err(error) => Copied::Unwritten(error.to_string()),
        },
    }
}

fn by_c(bytes: &[u8]) -> Copied {
    let mut copy = vec![0; 4 * MAX_INPUT];
    // SAFETY: the function reads `len` bytes at `bytes`, writes no more than `room` to
    // `out`, and keeps neither.
    let length =
        unsafe { warren_fuzz_copy(bytes.as_ptr(), bytes.len(), copy.as_mut_ptr(), copy.len()) };
    match usize::try_from(length) {
        Ok(length) => {
            copy.truncate(length);
            Copied::To(copy)
        }
        Err(_) if length == -1 => Copied::Refused,
        Err(_) => Copied::Unwritten("for want of a place, or a mistake".to_owned()),
    }
}

unsafe extern "C" {
    /// See `src/c/decode.c`.
    fn warren_fuzz_copy(bytes: *const u8, len: usize, out: *mut u8, room: usize) -> i64;
}

/// Returns true if the host accepts the bytes as an argument, and Lua's copy. The host
/// does not check messages, so Lua gets refused bytes as a message.
async fn by_host_and_lua(bytes: &[u8]) -> (bool, Copied) {
    const ECHO: &str = "return function(value) return { value } end";
    const READER: &str = "return function()
        local values = process.listen('values', { message = true })
        local after = process.listen('after')
        local taken = 0
        print('ready')
        while true do
            local chosen = channel.select { values:case_receive(), after:case_receive() }
            if chosen.channel == after then
                print('read ' .. taken)
                taken = 0
            else
                taken = taken + 1
            end
        end
    end";
    thread_local! {
        static WORLD: RefCell<Option<(World, Running)>> = const { RefCell::new(None) };
    }
    let (mut world, running) = match WORLD.take() {
        Some(kept) => kept,
        None => {
            let mut world = World::new(&[]);
            world.define_source("test:echo", ECHO);
            world.define_source("test:reader", READER);
            let running = world.start("test:reader").await;
            world.expect_line("ready").await;
            (world, running)
        }
    };
    // An array of one value.
    let values = [&[0x91], bytes].concat();
    let result = match in_time(world.node.run("test:echo", HOST, &values)).await {
        Ok(mut echo) => (true, echoed(&in_time(echo.wait()).await.outcome)),
        Err(error) => {
            assert_eq!(error.kind, Kind::Invalid, "{error}");
            world.send(&running, "values", &values);
            world.send(&running, "after", &[0x90]);
            match world.line().await.as_str() {
                "read 0" => (false, Copied::Refused),
                said => (false, Copied::Unwritten(format!("the reader says {said}"))),
            }
        }
    };
    WORLD.set(Some((world, running)));
    result
}

/// Takes the value out of the table around it.
fn echoed(outcome: &Outcome) -> Copied {
    match outcome {
        Outcome::Returned(Some(table)) => match table.split_first() {
            Some((0x91, value)) => Copied::To(value.to_vec()),
            // A table that holds nil is empty.
            Some((0x90, [])) => Copied::To(vec![0xc0]),
            _ => Copied::Unwritten(format!("{table:02x?}")),
        },
        other => Copied::Unwritten(format!("{other:?}")),
    }
}
