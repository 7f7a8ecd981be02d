//! Interfaces of capabilities, with the types of the WIT that a component brings.
//!
//! ```text
//!  quote: func(item: string) -> result<price, failure>
//!     │ parameters ──> an array of values ──> the operation `quote` of the capability
//!     └ result     <── a value, or an error <────────┘
//! ```
//!
//! The functions of such an interface are known from the component alone: each is linked when
//! the component is loaded, and refused there if a type of it has no value.

mod failure;
mod from_value;
mod to_value;
mod types;

use std::sync::Arc;

use rmpv::Value;
use warren_kernel::Error;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};
use wasmtime::component::{Component, Linker, Val};
use wasmtime::{StoreContextMut, bail};

use crate::code::linkers::Interface;
use crate::codec;
use crate::guest::Guest;

/// Defines an interface for a component that imports it.
pub(crate) fn link(
    linker: &mut Linker<Guest>,
    component: &Component,
    interface: &Interface,
) -> wasmtime::Result<()> {
    let (engine, ty) = (component.engine(), component.component_type());
    let Some(imported) = ty.get_import(engine, &interface.name) else {
        return Ok(());
    };
    let ComponentItem::ComponentInstance(instance) = imported.ty else {
        bail!("its import `{}` is no interface", interface.name);
    };
    let mut linked = linker.instance(&interface.name)?;
    for (name, item) in instance.exports(engine) {
        match item.ty {
            ComponentItem::ComponentFunc(function) => {
                if let Err(problem) = types::check(&function) {
                    bail!(
                        "the function `{name}` of its import `{}` cannot be called: {problem}",
                        interface.name
                    );
                }
                let operation = name.replace('-', "_");
                let operation: Arc<str> = format!("{}.{operation}", interface.capability).into();
                linked.func_new_async(name, move |store, function, operands, results| {
                    let operation = Arc::clone(&operation);
                    Box::new(call(store, operation, function, operands, results))
                })?;
            }
            // A record or another type of the functions.
            ComponentItem::Type(_) => {}
            _ => bail!(
                "`{name}` of its import `{}` is neither a function nor a type: a capability has \
                 no resources",
                interface.name
            ),
        }
    }
    Ok(())
}

/// Calls an operation with the operands of a function.
async fn call(
    mut store: StoreContextMut<'_, Guest>,
    operation: Arc<str>,
    function: ComponentFunc,
    operands: &[Val],
    results: &mut [Val],
) -> wasmtime::Result<()> {
    let operands = operands.iter().zip(function.params());
    let operands = operands
        .map(|(val, (_, ty))| to_value::value(val, &ty))
        .collect();
    let request = codec::encode(&Value::Array(operands));
    let answer = store.data_mut().call_and_wait(&operation, &request).await?;
    let Some(ty) = function.results().next() else {
        // An error of a function that has none ends the process.
        return answer.map(drop).map_err(wasmtime::Error::new);
    };
    let answer = answer.map_err(Failed::Operation);
    let value = answer.and_then(|answer| {
        let value = codec::read(&answer).map_err(Failed::Answer)?;
        let ty = match &ty {
            Type::Result(result) => result.ok(),
            ty => Some(ty.clone()),
        };
        let read = ty.map(|ty| from_value::val(&value, &ty)).transpose();
        read.map_err(Failed::Answer)
    });
    let result = match (&ty, value) {
        (Type::Result(_), Ok(value)) => Val::Result(Ok(value.map(Box::new))),
        (_, Ok(Some(value))) => value,
        (Type::Result(result), Err(Failed::Operation(error))) => {
            Val::Result(Err(failure::val(&error, result.err())))
        }
        (_, Err(Failed::Operation(error))) => return Err(error.into()),
        (_, Err(Failed::Answer(problem))) => {
            let message = format!("the answer of {operation} does not fit its type: {problem}");
            return Err(Error::internal(message).into());
        }
        (_, Ok(None)) => bail!("a type has no value"),
    };
    if let Some(place) = results.first_mut() {
        *place = result;
    }
    Ok(())
}

/// The reason for which a call has no value.
enum Failed {
    /// The operation failed.
    Operation(Error),
    /// The answer has another type.
    Answer(String),
}
