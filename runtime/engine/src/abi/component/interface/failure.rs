//! The error of an operation, as the result type of a function has it.

use warren_kernel::Error;
use wasmtime::component::Val;
use wasmtime::component::types::Type;

use super::to_value::key;
use crate::codec;

/// Refuses an error type that cannot hold an error: nothing, a text or a record of some of the
/// fields of an error.
///
/// # Errors
///
/// The problem of the type.
pub(super) fn check(ty: &Type) -> Result<(), String> {
    let problem = "is a result with an error type that holds no error: use `string`, or a record \
                   of some of `kind: string`, `message: string`, `retryable: option<bool>` and \
                   `details: option<list<u8>>`";
    let fits = match ty {
        Type::String => true,
        Type::Record(record) => {
            record
                .fields()
                .all(|field| match (key(field.name).as_str(), &field.ty) {
                    ("kind" | "message", Type::String) | ("retryable", Type::Bool) => true,
                    ("retryable", Type::Option(option)) => option.ty() == Type::Bool,
                    ("details", Type::Option(option)) => {
                        matches!(option.ty(), Type::List(list) if list.ty() == Type::U8)
                    }
                    _ => false,
                })
        }
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(problem.to_owned())
    }
}

/// Returns the error as a type that was checked.
pub(super) fn val(error: &Error, ty: Option<Type>) -> Option<Box<Val>> {
    Some(Box::new(match ty? {
        Type::Record(record) => Val::Record(
            record
                .fields()
                .map(|field| {
                    (
                        field.name.to_owned(),
                        part(error, &key(field.name), &field.ty),
                    )
                })
                .collect(),
        ),
        _ => Val::String(error.message.clone()),
    }))
}

fn part(error: &Error, name: &str, ty: &Type) -> Val {
    match (name, ty) {
        ("kind", _) => Val::String(error.kind.as_str().to_owned()),
        ("retryable", Type::Bool) => Val::Bool(error.retryable.unwrap_or_default()),
        ("retryable", _) => {
            let retryable = error
                .retryable
                .map(|retryable| Box::new(Val::Bool(retryable)));
            Val::Option(retryable)
        }
        ("details", _) => {
            let details = error.details.as_ref().map(codec::details);
            let bytes = |bytes: Vec<u8>| Val::List(bytes.into_iter().map(Val::U8).collect());
            Val::Option(details.map(bytes).map(Box::new))
        }
        _ => Val::String(error.message.clone()),
    }
}
