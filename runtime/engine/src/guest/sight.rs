//! Shows the current calls of a guest.

use std::sync::Arc;

use wasmtime::{AsContext, StoreContext, WasmBacktrace};

use super::{Guest, Loaded};
use crate::code::symbols;
use crate::guest::stacks::Sight;

/// The most bytes of memory to copy: some 20 ms of a worker.
const MAX_MEMORY: usize = 64 << 20;

/// Shows the guest's current calls, if another process or the embedder has asked.
#[inline]
pub(crate) fn show_if_asked(store: impl AsContext<Data = Guest>) {
    let store = store.as_context();
    let guest = store.data();
    if let Ok(process) = guest.process()
        && guest.shared.stacks.asks(process)
    {
        show(store);
    }
}

#[cold]
fn show(store: StoreContext<'_, Guest>) {
    let guest = store.data();
    if let Ok(process) = guest.process() {
        guest.shared.stacks.answer(process, sight_of(store));
    }
}

fn sight_of(store: StoreContext<'_, Guest>) -> Sight {
    let guest = store.data();
    let artifact = &guest.run.program.artifact;
    let functions = |store: StoreContext<'_, Guest>| Sight::Functions {
        artifact: artifact.clone(),
        frames: symbols::frames(&WasmBacktrace::force_capture(store)),
    };
    let (Some(memory), Some(artifact)) = (guest.memory, artifact) else {
        return functions(store);
    };
    let loaded = guest.pool().and_then(|pool| artifact.loaded(pool));
    let explains = loaded.is_some_and(|loaded| match &*loaded {
        Loaded::Core(code) => code.traceback.is_some(),
        Loaded::Component(_) => false,
    });
    if !explains {
        return functions(store);
    }
    let bytes = memory.data(store);
    if bytes.len() > MAX_MEMORY {
        return Sight::Nothing(format!(
            "the process has {} MiB of memory, more than the {} MiB that can be copied",
            bytes.len() >> 20,
            MAX_MEMORY >> 20
        ));
    }
    Sight::Memory {
        artifact: Arc::clone(artifact),
        bytes: bytes.to_vec(),
    }
}
