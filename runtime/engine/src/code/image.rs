//! Snapshots of initialized guests.
//!
//! If a core module exports `wizer-initialize`, that function runs once, before
//! the module is compiled. The memory that it leaves becomes part of the module, so
//! every process starts with it. The function may import randomness
//! (`warren:core/random`) and nothing else; the seeds it takes stay on this machine.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use wasmtime::{
    Caller, Config, Engine, Extern, Instance, Linker, Module, OptLevel, Store, StoreLimits,
    StoreLimitsBuilder, Trap, Val, WasmBacktrace, WasmBacktraceDetails,
};

use crate::code::class::only_needed_proposals;
use crate::code::symbols;
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

/// The export that asks for a snapshot.
const INITIALIZE: &str = "wizer-initialize";

/// Time limit of the initialization. That of the Lua interpreter takes some 10 ms.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes of memory of the initialization, all of which may be in the snapshot.
const MAX_MEMORY: usize = 256 << 20;

/// The byte that all seeds of a snapshot consist of in runs with a seed.
const SEED: u8 = 0x5a;

/// The initialization took longer than it may.
#[derive(Debug, thiserror::Error)]
#[error("`wizer-initialize` took longer than {} s", .0.as_secs_f32())]
pub(crate) struct TookTooLong(pub(crate) Duration);

/// Returns true if the module asks for a snapshot; false if it is not valid.
pub(crate) fn is_wanted(binary: &[u8]) -> bool {
    for payload in wasmparser::Parser::new(0).parse_all(binary) {
        match payload {
            Ok(wasmparser::Payload::ExportSection(exports)) => {
                return exports
                    .into_iter()
                    .flatten()
                    .any(|export| export.name == INITIALIZE);
            }
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    false
}

/// Runs the initialization and returns the module with its memory. Blocks to compile
/// the module, and then for at most [`PATIENCE`]. With `is_seeded`, the module takes the same
/// seeds each time.
pub(crate) fn take(binary: &[u8], is_seeded: bool) -> wasmtime::Result<Vec<u8>> {
    take_within(PATIENCE, binary, is_seeded)
}

fn take_within(patience: Duration, binary: &[u8], is_seeded: bool) -> wasmtime::Result<Vec<u8>> {
    let mut wizer = Wizer::new();
    wizer.init_func(INITIALIZE);
    let (context, instrumented) = wizer.instrument(binary)?;
    // The code runs once, so compiling it fast matters more than fast code. By
    // default its memory and its heap of exceptions would reserve 4 GiB of address
    // space each, which a limit (`ulimit -v`) and the pools may not have left.
    let mut config = Config::new();
    only_needed_proposals(&mut config);
    config
        .memory_reservation(MAX_MEMORY as u64)
        .memory_guard_size(0)
        .gc_heap_reservation(MAX_MEMORY as u64)
        .gc_heap_guard_size(0)
        .epoch_interruption(true)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        .cranelift_opt_level(OptLevel::None);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, &instrumented)?;
    let mut linker = Linker::<StoreLimits>::new(&engine);
    linker.func_wrap(
        "warren:core/random@0.1.0",
        "bytes",
        move |caller: Caller<'_, StoreLimits>, ptr: u32, len: u32| {
            fill_with_random_bytes(caller, (ptr, len), is_seeded)
        },
    )?;
    linker.define_unknown_imports_as_traps(&module)?;
    let limits = StoreLimitsBuilder::new().memory_size(MAX_MEMORY).build();
    let mut store = Store::new(&engine, limits);
    store.limiter(|limits| limits);
    store.set_epoch_deadline(1);
    let watchdog = Watchdog::start(engine.clone(), patience)?;
    let instance = initialize(&mut store, &linker, &module).map_err(|error| {
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => TookTooLong(patience).into(),
            _ => with_calls(error, binary),
        }
    })?;
    drop(watchdog);
    let mut state = State { store, instance };
    futures::executor::block_on(wizer.snapshot(&context, &mut state))
}

fn initialize(
    store: &mut Store<StoreLimits>,
    linker: &Linker<StoreLimits>,
    module: &Module,
) -> wasmtime::Result<Instance> {
    let instance = linker.instantiate(&mut *store, module)?;
    for function in ["_initialize", INITIALIZE] {
        if instance.get_export(&mut *store, function).is_some() {
            instance
                .get_typed_func::<(), ()>(&mut *store, function)?
                .call(&mut *store, ())?;
        }
    }
    Ok(instance)
}

/// Returns the error of a trap of a module with its cause first, and then the calls.
fn with_calls(error: wasmtime::Error, binary: &[u8]) -> wasmtime::Error {
    let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() else {
        return error;
    };
    let frames = symbols::frames(backtrace);
    let calls = symbols::text(&frames, &symbols::exported(binary, &frames));
    wasmtime::format_err!("{}\n{calls}", error.root_cause())
}

/// Interrupts the code that runs in an engine after some time, unless dropped before.
struct Watchdog {
    _stop: mpsc::Sender<()>,
}

impl Watchdog {
    fn start(engine: Engine, patience: Duration) -> std::io::Result<Watchdog> {
        let (stop, stopped) = mpsc::channel();
        thread::Builder::new()
            .name("warren-watchdog".into())
            .spawn(move || {
                if stopped.recv_timeout(patience) == Err(mpsc::RecvTimeoutError::Timeout) {
                    engine.increment_epoch();
                }
            })?;
        Ok(Watchdog { _stop: stop })
    }
}

fn fill_with_random_bytes(
    mut caller: Caller<'_, StoreLimits>,
    (ptr, len): (u32, u32),
    is_seeded: bool,
) -> wasmtime::Result<()> {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        return Err(wasmtime::format_err!("the module exports no memory"));
    };
    let data = memory.data_mut(&mut caller);
    let range = (ptr as usize)..(ptr as usize).saturating_add(len as usize);
    let Some(bytes) = data.get_mut(range) else {
        return Err(wasmtime::format_err!(
            "random.bytes: the range is outside the memory"
        ));
    };
    if is_seeded {
        bytes.fill(SEED);
        return Ok(());
    }
    getrandom::fill(bytes)
        .map_err(|error| wasmtime::format_err!("cannot get random bytes: {error}"))
}

struct State {
    store: Store<StoreLimits>,
    instance: Instance,
}

impl InstanceState for State {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        match self
            .instance
            .get_global(&mut self.store, name)
            .map(|g| g.get(&mut self.store))
        {
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
            // Wizer refuses modules with mutable globals of other types before
            // it asks for any, and asks only for what it exported itself.
            other => unreachable!("global {name} is {other:?}"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        if let Some(memory) = self.instance.get_memory(&mut self.store, name) {
            contents(memory.data(&self.store));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTER: &str = r#"
        (module
          (import "warren:core/random@0.1.0" "bytes" (func $random (param i32 i32)))
          (memory (export "memory") 1)
          (func (export "wizer-initialize")
            (i32.store (i32.const 0) (i32.const 42))
            (call $random (i32.const 8) (i32.const 8)))
          (func (export "start")))"#;

    fn binary(text: &str) -> Vec<u8> {
        wat::parse_str(text).expect("is WebAssembly text")
    }

    #[test]
    fn the_snapshot_holds_what_initialization_wrote() {
        let module = binary(COUNTER);
        assert!(is_wanted(&module));
        let image = take(&module, false).expect("initializes");
        assert!(!is_wanted(&image), "must not be initialized again");
        let engine = Engine::default();
        let module = Module::new(&engine, &image).expect("compiles");
        let mut linker = Linker::<()>::new(&engine);
        linker
            .define_unknown_imports_as_traps(&module)
            .expect("links");
        let mut store = Store::new(&engine, ());
        let instance = linker
            .instantiate(&mut store, &module)
            .expect("instantiates");
        let memory = instance
            .get_memory(&mut store, "memory")
            .expect("is exported");
        assert_eq!(memory.data(&store)[..4], [42, 0, 0, 0]);
    }

    #[test]
    fn each_snapshot_has_seeds_of_its_own() {
        let module = binary(COUNTER);
        assert_ne!(
            take(&module, false).expect("initializes"),
            take(&module, false).expect("initializes")
        );
        assert_eq!(
            take(&module, true).expect("initializes"),
            take(&module, true).expect("initializes")
        );
    }

    #[test]
    fn initialization_may_import_nothing_else() {
        let module = binary(
            r#"(module
                 (import "warren:core/clock@0.1.0" "now" (func $now (result i64)))
                 (memory (export "memory") 1)
                 (func (export "wizer-initialize") (drop (call $now))))"#,
        );
        assert!(take(&module, false).is_err());
    }

    #[test]
    fn initialization_that_never_ends_is_ended() {
        for forever in [
            "(loop (br 0))",
            "(drop (memory.grow (i32.const 1000000))) (loop (br 0))",
        ] {
            let module = binary(&format!(
                r#"(module (memory (export "memory") 1)
                     (func (export "wizer-initialize") {forever}))"#
            ));
            let error =
                take_within(Duration::from_millis(50), &module, false).expect_err("never ends");
            assert!(error.to_string().contains("took longer"), "{error:#}");
        }
    }

    #[test]
    fn a_trap_of_initialization_is_an_error() {
        let module = binary(
            r#"(module (memory (export "memory") 1)
                 (func (export "wizer-initialize") (unreachable)))"#,
        );
        let error = take(&module, false).expect_err("traps");
        let shown = format!("{error:#}");
        assert!(shown.contains("unreachable"), "{shown}");
        assert!(shown.contains("\twizer-initialize"), "{shown}");
    }

    #[test]
    fn initialization_gets_no_more_memory_than_an_image_may_have() {
        let module = binary(
            r#"(module (memory (export "memory") 65536)
                 (func (export "wizer-initialize")))"#,
        );
        assert!(take(&module, false).is_err());
    }

    #[test]
    fn modules_without_the_export_are_left_alone() {
        assert!(!is_wanted(&binary("(module (func (export \"start\")))")));
        assert!(!is_wanted(b"no module"));
    }
}
