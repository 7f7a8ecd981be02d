//! Answers, as the types of a component want them.

use rmpv::Value;
use wasmtime::component::Val;
use wasmtime::component::types::Type;

use super::to_value::key;

/// Elements, fields and bytes of lists that an answer may have in all. Each takes some 40
/// bytes until the component has them.
pub(crate) const MAX_PARTS: usize = 250_000;

/// Reads an answer as a type that was checked.
///
/// # Errors
///
/// The place and the fault of the first part that does not fit.
pub(super) fn val(value: &Value, ty: &Type) -> Result<Val, String> {
    let mut left = MAX_PARTS;
    read(value, ty, &mut left).map_err(|fault| match fault.path.is_empty() {
        true => fault.text,
        false => format!("{}: {}", fault.path, fault.text),
    })
}

/// A fault, with the path to its place.
struct Fault {
    path: String,
    text: String,
}

impl Fault {
    fn new(text: impl Into<String>) -> Fault {
        Fault {
            path: String::new(),
            text: text.into(),
        }
    }

    fn within(mut self, part: &str) -> Fault {
        self.path.insert_str(0, part);
        self
    }
}

fn read(value: &Value, ty: &Type, left: &mut usize) -> Result<Val, Fault> {
    *left = left
        .checked_sub(1)
        .ok_or_else(|| Fault::new(format!("the answer has more than {MAX_PARTS} parts")))?;
    let val = match ty {
        Type::Bool => value.as_bool().map(Val::Bool),
        Type::S8 => signed(value).map(Val::S8),
        Type::U8 => unsigned(value).map(Val::U8),
        Type::S16 => signed(value).map(Val::S16),
        Type::U16 => unsigned(value).map(Val::U16),
        Type::S32 => signed(value).map(Val::S32),
        Type::U32 => unsigned(value).map(Val::U32),
        Type::S64 => value.as_i64().map(Val::S64),
        Type::U64 => value.as_u64().map(Val::U64),
        Type::Float32 => value.as_f64().map(|number| Val::Float32(number as f32)),
        Type::Float64 => value.as_f64().map(Val::Float64),
        Type::Char => text(value).and_then(one).map(Val::Char),
        Type::String => text(value).map(|text| Val::String(text.to_owned())),
        Type::Enum(cases) => text(value)
            .filter(|case| cases.names().any(|name| name == *case))
            .map(|case| Val::Enum(case.to_owned())),
        Type::Option(option) => {
            return Ok(Val::Option(match value {
                Value::Nil => None,
                value => Some(Box::new(read(value, &option.ty(), left)?)),
            }));
        }
        Type::List(list) => return read_list(value, &list.ty(), left),
        Type::Tuple(tuple) => {
            let types = tuple.types();
            let values = value
                .as_array()
                .filter(|values| values.len() == types.len());
            let Some(values) = values else {
                return Err(Fault::new(format!("no array of {} values", types.len())));
            };
            let elements = values.iter().zip(types).enumerate();
            let element = |(index, (value, ty)): (usize, (&Value, Type))| {
                read(value, &ty, left).map_err(|fault| fault.within(&format!("[{index}]")))
            };
            return Ok(Val::Tuple(elements.map(element).collect::<Result<_, _>>()?));
        }
        Type::Record(record) => {
            let Some(pairs) = value.as_map() else {
                return Err(Fault::new("no map"));
            };
            let nil = Value::Nil;
            let mut fields = Vec::with_capacity(record.fields().len());
            for field in record.fields() {
                let name = key(field.name);
                let pair = pairs.iter().find(|(key, _)| key.as_str() == Some(&name));
                // An absent field is an option that is nil.
                let value = pair.map_or(&nil, |(_, value)| value);
                let val = read(value, &field.ty, left);
                let val = val.map_err(|fault| fault.within(&format!(".{name}")))?;
                fields.push((field.name.to_owned(), val));
            }
            return Ok(Val::Record(fields));
        }
        _ => None,
    };
    val.ok_or_else(|| Fault::new(format!("no {}", name(ty))))
}

fn read_list(value: &Value, ty: &Type, left: &mut usize) -> Result<Val, Fault> {
    if let (Type::U8, Some(bytes)) = (ty, bytes(value)) {
        *left = left
            .checked_sub(bytes.len())
            .ok_or_else(|| Fault::new(format!("more than {MAX_PARTS} bytes of lists")))?;
        return Ok(Val::List(bytes.iter().copied().map(Val::U8).collect()));
    }
    let Some(values) = value.as_array() else {
        return Err(Fault::new("no array"));
    };
    let element = |(index, value): (usize, &Value)| {
        read(value, ty, left).map_err(|fault| fault.within(&format!("[{index}]")))
    };
    let values = values.iter().enumerate().map(element);
    Ok(Val::List(values.collect::<Result<_, _>>()?))
}

fn signed<T: TryFrom<i64>>(value: &Value) -> Option<T> {
    value.as_i64()?.try_into().ok()
}

fn unsigned<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    value.as_u64()?.try_into().ok()
}

fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::String(text) => Some(text.as_bytes()),
        Value::Binary(bytes) => Some(bytes),
        _ => None,
    }
}

fn text(value: &Value) -> Option<&str> {
    std::str::from_utf8(bytes(value)?).ok()
}

fn one(text: &str) -> Option<char> {
    let mut chars = text.chars();
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// Returns the name of a type in messages.
fn name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "boolean",
        Type::S8 => "integer of 8 bits",
        Type::U8 => "integer from 0 to 255",
        Type::S16 => "integer of 16 bits",
        Type::U16 => "integer from 0 to 65,535",
        Type::S32 => "integer of 32 bits",
        Type::U32 => "integer from 0 to 4,294,967,295",
        Type::S64 => "integer",
        Type::U64 => "integer from 0",
        Type::Float32 | Type::Float64 => "number",
        Type::Char => "text of one character",
        Type::String => "text",
        Type::Enum(_) => "case of the enum",
        _ => "value of the type",
    }
}
