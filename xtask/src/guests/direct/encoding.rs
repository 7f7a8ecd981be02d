//! Writing a module in the binary format.

use anyhow::Result;

use super::dispatcher::Dispatcher;
use super::leb128::number;
use super::module::{Body, Module};

/// The ids of the sections that change.
mod id {
    pub(super) const TYPE: u8 = 1;
    pub(super) const FUNCTION: u8 = 3;
    pub(super) const ELEMENT: u8 = 9;
    pub(super) const CODE: u8 = 10;
}

const CALL: u8 = 0x10;

/// Returns the module with the dispatchers as its last functions, which all
/// others call instead of the table. The table stays empty.
///
/// # Errors
/// A dispatcher's type cannot be written, or a section cannot be read.
pub(super) fn with_dispatchers(module: &Module<'_>, dispatchers: &[Dispatcher]) -> Result<Vec<u8>> {
    let mut out = module.header.to_vec();
    for section in &module.sections {
        let mut content = Vec::new();
        match section.id {
            id::ELEMENT => continue,
            id::TYPE => {
                let (count, items) = section.items()?;
                number(&mut content, count + dispatchers.len() as u32);
                content.extend_from_slice(items);
                for dispatcher in dispatchers {
                    content.extend(dispatcher.encoded_type()?);
                }
            }
            id::FUNCTION => {
                let (count, items) = section.items()?;
                number(&mut content, count + dispatchers.len() as u32);
                content.extend_from_slice(items);
                // The dispatchers' types are the last, in the same order.
                let types = module.types.len()..module.types.len() + dispatchers.len();
                types.for_each(|ty| number(&mut content, ty as u32));
            }
            id::CODE => {
                let bodies = module.bodies.len() + dispatchers.len();
                number(&mut content, bodies as u32);
                for body in &module.bodies {
                    sized(&mut content, &with_calls(module, body, dispatchers));
                }
                for dispatcher in dispatchers {
                    sized(&mut content, &dispatcher.body());
                }
            }
            _ => content.extend_from_slice(section.content),
        }
        out.push(section.id);
        sized(&mut out, &content);
    }
    Ok(out)
}

/// Returns a function with its indirect calls replaced by calls of dispatchers.
fn with_calls(module: &Module<'_>, body: &Body<'_>, dispatchers: &[Dispatcher]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.code.len());
    let mut from = 0;
    for call in &body.calls {
        let callees = &module.types[call.ty as usize];
        let Some(dispatcher) = dispatchers.iter().find(|d| d.callees == *callees) else {
            continue;
        };
        out.extend_from_slice(&body.code[from..call.at.start]);
        out.push(CALL);
        number(&mut out, dispatcher.function);
        from = call.at.end;
    }
    out.extend_from_slice(&body.code[from..]);
    out
}

/// Writes bytes after their length.
fn sized(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len() as u32);
    out.extend_from_slice(bytes);
}
