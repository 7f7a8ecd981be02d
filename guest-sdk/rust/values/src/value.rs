//! A value of any type.

use crate::Error;

/// A value whose type is known at run time: every value that can cross from one
/// process to another converts to this type.
///
/// ```
/// use warren_values::Value;
///
/// let order = Value::Map(vec![
///     ("id".into(), 7.into()),
///     ("tags".into(), vec!["gift", "express"].into()),
///     ("note".into(), None::<&str>.into()),
/// ]);
/// assert_eq!(order.get("id"), Some(&Value::Integer(7)));
/// assert!(order.get("note").is_some_and(Value::is_nil));
/// assert_eq!(order.get("price"), None);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Nothing, Lua's `nil`.
    #[default]
    Nil,
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A float; `1.0` is a float and stays one.
    Float(f64),
    /// Text.
    String(String),
    /// A string that is not UTF-8.
    Bytes(Vec<u8>),
    /// Values in order.
    Array(Vec<Value>),
    /// Pairs of key and value. Keys are text, bytes, numbers or booleans.
    Map(Vec<(Value, Value)>),
    /// A structured error.
    Error(Box<Error>),
}

impl Value {
    /// Returns whether the value is nil.
    pub fn is_nil(&self) -> bool {
        *self == Value::Nil
    }

    /// Returns the value of a text key of a map, if there is one.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let Value::Map(pairs) = self else {
            return None;
        };
        let is_key = |candidate: &Value| matches!(candidate, Value::String(text) if text == key);
        pairs
            .iter()
            .find(|(candidate, _)| is_key(candidate))
            .map(|(_, value)| value)
    }
}

macro_rules! from {
    ($($ty:ty => $variant:ident)*) => { $(
        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Value::$variant(value.into())
            }
        }
    )* };
}

from! {
    bool => Boolean
    i8 => Integer
    i16 => Integer
    i32 => Integer
    i64 => Integer
    u8 => Integer
    u16 => Integer
    u32 => Integer
    f32 => Float
    f64 => Float
    &str => String
    String => String
    Error => Error
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Value::Array(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Nil, Into::into)
    }
}
