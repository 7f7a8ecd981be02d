//! Runs `traceback` on a copy of a process's memory, in a new instance.

use std::sync::Arc;

use wasmtime::{Instance, Store};

use crate::guest::stacks::Sight;
use crate::guest::{CoreCode, Guest, Purpose};

/// The most bytes of the text: one page of memory.
const MAX_TEXT: u32 = 64 << 10;

/// Copies the memory into the new instance and calls `traceback`.
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
    // The text goes behind the memory of the process.
    let start = u32::try_from(bytes.len())?;
    let wanted = (u64::from(start) + u64::from(MAX_TEXT)).div_ceil(memory.page_size(&*store));
    let more = wanted.saturating_sub(memory.size(&*store));
    memory.grow_async(&mut *store, more).await?;
    memory.write(&mut *store, 0, bytes)?;
    let function = instance
        .get_module_export(&mut *store, traceback)
        .and_then(wasmtime::Extern::into_func)
        .ok_or_else(|| wasmtime::format_err!("the exported function `traceback` is missing"))?;
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
