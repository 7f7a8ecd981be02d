//! The types that have values.

use wasmtime::component::types::{ComponentFunc, ResultType, Type};

use super::failure;

/// Deepest nesting of a type. Reading its values takes the stack of the guest.
const MAX_DEPTH: usize = 16;

/// Refuses a function with a type that has no value.
///
/// # Errors
///
/// The problem of the function.
pub(super) fn check(function: &ComponentFunc) -> Result<(), String> {
    if function.async_() {
        return Err("it is `async`".to_owned());
    }
    for (name, ty) in function.params() {
        checked(&ty, 0).map_err(|problem| format!("its parameter `{name}` {problem}"))?;
    }
    if function.results().len() > 1 {
        return Err("it has more than one result".to_owned());
    }
    let result = function.results().next();
    let checked = match &result {
        None => Ok(()),
        Some(Type::Result(result)) => check_result(result),
        Some(ty) => checked(ty, 0),
    };
    checked.map_err(|problem| format!("its result {problem}"))
}

fn check_result(result: &ResultType) -> Result<(), String> {
    if let Some(ok) = result.ok() {
        checked(&ok, 0)?;
    }
    match result.err() {
        None => Ok(()),
        Some(ty) => failure::check(&ty),
    }
}

fn checked(ty: &Type, depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("is nested deeper than {MAX_DEPTH} levels"));
    }
    let inner = |ty: &Type| checked(ty, depth + 1);
    match ty {
        Type::Bool
        | Type::S8
        | Type::U8
        | Type::S16
        | Type::U16
        | Type::S32
        | Type::U32
        | Type::S64
        | Type::U64
        | Type::Float32
        | Type::Float64
        | Type::Char
        | Type::String
        | Type::Enum(_) => Ok(()),
        Type::List(list) => inner(&list.ty()),
        Type::Option(option) => match option.ty() {
            Type::Option(_) => Err("is an option of an option".to_owned()),
            ty => inner(&ty),
        },
        Type::Tuple(tuple) => tuple.types().try_for_each(|ty| inner(&ty)),
        Type::Record(record) => record.fields().try_for_each(|field| inner(&field.ty)),
        Type::Variant(_) => Err(no_value("a variant")),
        Type::Result(_) => Err(no_value("a result within a value")),
        Type::Flags(_) => Err(no_value("flags")),
        Type::Own(_) | Type::Borrow(_) => Err(no_value("a resource")),
        _ => Err(no_value("of a type")),
    }
}

fn no_value(what: &str) -> String {
    format!(
        "is {what} that has no value: use records, tuples, lists, options, enums, texts, numbers \
         and booleans"
    )
}
