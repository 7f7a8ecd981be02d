//! Reading a copy of a process's memory.

use std::pin::pin;
use std::sync::Arc;

use warren_kernel::{Error, Host};
use wasmtime::{Instance, Store};

use super::Sight;
use crate::code::CoreCode;
use crate::control::Control;
use crate::definition::{Code, Definition, Grants, Source};
use crate::drive::{Drive, Driven};
use crate::guest::{Guest, Purpose, Run};
use crate::instance;
use crate::node::Node;
use crate::program::Program;
use crate::security::Rights;

/// The longest text, in bytes; a page of memory.
const MAX_TEXT: u32 = 64 << 10;

/// Has the code of a process say where it is, in an instance of its own with the
/// memory that the process has shown. Empty where that memory was in the midst
/// of a change.
///
/// # Errors
///
/// `RateLimited` where there is no place for the instance; `Unavailable` where
/// its memory has no room, or was in the midst of a change.
pub(crate) async fn explain(
    node: Arc<Node>,
    host: Arc<Host>,
    sight: Arc<Sight>,
) -> Result<String, Error> {
    let Sight::Memory { artifact, .. } = &*sight else {
        return Ok(String::new());
    };
    let slot = node.slot(&host, artifact).await?;
    let control = Arc::new(Control::default());
    let guest = Guest::new(
        Arc::clone(&node),
        Some(Arc::clone(slot.pool())),
        Arc::clone(&control),
        Purpose::Explain {
            sight: Arc::clone(&sight),
            text: None,
        },
        Run {
            program: Arc::new(program(Arc::clone(artifact))),
            arguments: Arc::from(crate::codec::NO_VALUES),
        },
        node.limits_of(&host),
        Rights::new(None),
    );
    let driven = {
        let guest = pin!(instance::run(slot.pool(), guest));
        Drive::new(&node, None, &control, guest).await
    };
    match driven {
        Driven::Finished(finished) => match (finished.text, finished.result) {
            (Some(text), Ok(())) => Ok(text),
            (_, Err(error)) => Err(unreadable(&error.to_string())),
            (None, Ok(())) => Err(unreadable("it says nothing")),
        },
        Driven::Doomed => Err(unreadable("it was stopped")),
    }
}

fn unreadable(why: &str) -> Error {
    let message = format!("its stack cannot be read: {why}");
    Error::new(warren_kernel::Kind::Unavailable, message)
}

fn program(artifact: Arc<crate::code::Artifact>) -> Program {
    let name: Arc<str> = "traceback".into();
    let grants = Arc::new(Grants::default());
    Program {
        definition: Arc::new(Definition {
            id: Arc::clone(&name),
            code: Code::Wasm(Source {
                name,
                bytes: Arc::default(),
            }),
            method: "traceback".into(),
            host: None,
            grants: Arc::clone(&grants),
        }),
        grants,
        artifact: Some(artifact),
        chunk: None,
    }
}

/// In the new instance: puts the memory in place and calls `traceback`.
pub(crate) async fn read(
    store: &mut Store<Guest>,
    instance: Instance,
    code: &CoreCode,
) -> wasmtime::Result<()> {
    let Purpose::Explain { sight, .. } = &store.data().purpose else {
        return Ok(());
    };
    let sight = Arc::clone(sight);
    let (Sight::Memory { bytes, .. }, Some(memory), Some(traceback)) =
        (&*sight, store.data().memory, &code.traceback)
    else {
        return Ok(());
    };
    // Above all that the process has, for the text.
    let start = u32::try_from(bytes.len())?;
    let wanted = (u64::from(start) + u64::from(MAX_TEXT)).div_ceil(memory.page_size(&*store));
    let more = wanted.saturating_sub(memory.size(&*store));
    memory.grow_async(&mut *store, more).await?;
    memory.write(&mut *store, 0, bytes)?;
    let function = instance
        .get_module_export(&mut *store, traceback)
        .and_then(wasmtime::Extern::into_func)
        .ok_or_else(|| wasmtime::format_err!("an exported function is gone"))?;
    let length = function
        .typed::<(u32, u32), u32>(&*store)?
        .call_async(&mut *store, (start, MAX_TEXT))
        .await?;
    let mut written = vec![0; length.min(MAX_TEXT) as usize];
    memory.read(&*store, start as usize, &mut written)?;
    let said = String::from_utf8_lossy(&written).into_owned();
    if let Purpose::Explain { text, .. } = &mut store.data_mut().purpose {
        *text = Some(said);
    }
    Ok(())
}
