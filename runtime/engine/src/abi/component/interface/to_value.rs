//! Values of operands.

use rmpv::Value;
use wasmtime::component::Val;
use wasmtime::component::types::Type;

/// Returns the value of an operand, whose type was checked.
pub(super) fn value(val: &Val, ty: &Type) -> Value {
    match (val, ty) {
        (Val::Bool(value), _) => (*value).into(),
        (Val::S8(value), _) => (*value).into(),
        (Val::U8(value), _) => (*value).into(),
        (Val::S16(value), _) => (*value).into(),
        (Val::U16(value), _) => (*value).into(),
        (Val::S32(value), _) => (*value).into(),
        (Val::U32(value), _) => (*value).into(),
        (Val::S64(value), _) => (*value).into(),
        (Val::U64(value), _) => (*value).into(),
        (Val::Float32(value), _) => f64::from(*value).into(),
        (Val::Float64(value), _) => (*value).into(),
        (Val::Char(value), _) => value.to_string().into(),
        (Val::String(value) | Val::Enum(value), _) => value.as_str().into(),
        (Val::List(values), Type::List(list)) => match list.ty() {
            Type::U8 => Value::Binary(values.iter().filter_map(byte).collect()),
            ty => Value::Array(values.iter().map(|val| self::value(val, &ty)).collect()),
        },
        (Val::Tuple(values), Type::Tuple(tuple)) => {
            let values = values.iter().zip(tuple.types());
            Value::Array(values.map(|(val, ty)| self::value(val, &ty)).collect())
        }
        (Val::Record(values), Type::Record(record)) => {
            let fields = values.iter().zip(record.fields());
            let pairs = fields
                .map(|((name, val), field)| (Value::from(key(name)), self::value(val, &field.ty)));
            Value::Map(pairs.collect())
        }
        (Val::Option(Some(val)), Type::Option(option)) => self::value(val, &option.ty()),
        // An absent option. No other operand passes the check of types.
        _ => Value::Nil,
    }
}

/// Returns the name of a field in values: those of the WIT have dashes.
pub(super) fn key(field: &str) -> String {
    field.replace('-', "_")
}

fn byte(val: &Val) -> Option<u8> {
    match val {
        Val::U8(byte) => Some(*byte),
        _ => None,
    }
}
