//! The core schema of YAML 1.2: the value that a scalar stands for.

/// The value of a scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scalar<'t> {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(&'t str),
}

/// Returns the value of a plain scalar without a tag.
///
/// # Errors
///
/// The reason for which the scalar has no value.
pub(super) fn resolve(text: &str) -> Result<Scalar<'_>, &'static str> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Boolean(true),
        "false" | "False" | "FALSE" => Scalar::Boolean(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        _ => return Ok(number(text)?.unwrap_or(Scalar::Text(text))),
    })
}

/// Returns the value of a scalar with a tag of the core schema, such as `int`.
///
/// # Errors
///
/// The reason for which the scalar has no value of this type.
pub(super) fn resolve_as<'t>(kind: &str, text: &'t str) -> Result<Scalar<'t>, &'static str> {
    if kind == "str" {
        return Ok(Scalar::Text(text));
    }
    match (kind, resolve(text)?) {
        ("null", value @ Scalar::Null)
        | ("bool", value @ Scalar::Boolean(_))
        | ("int", value @ Scalar::Integer(_))
        | ("float", value @ Scalar::Float(_)) => Ok(value),
        ("float", Scalar::Integer(number)) => Ok(Scalar::Float(number as f64)),
        ("null" | "bool" | "int" | "float", _) => Err("the value does not match its tag"),
        ("seq" | "map", _) => Err("the tag of a list or map on a scalar"),
        _ => Err("an unknown tag"),
    }
}

/// Reads a number. One that 64 bits do not hold is a float.
fn number(text: &str) -> Result<Option<Scalar<'_>>, &'static str> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return based(digits, radix);
        }
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        let infinity = match text.starts_with('-') {
            true => f64::NEG_INFINITY,
            false => f64::INFINITY,
        };
        return Ok(Some(Scalar::Float(infinity)));
    }
    let Some(is_float) = decimal(unsigned.as_bytes()) else {
        return Ok(None);
    };
    if !is_float && let Ok(integer) = text.parse() {
        return Ok(Some(Scalar::Integer(integer)));
    }
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(Some(Scalar::Float(float))),
        _ => Err("a number beyond the range of floats"),
    }
}

/// Reads digits of a base that is a power of two.
fn based(digits: &str, radix: u32) -> Result<Option<Scalar<'_>>, &'static str> {
    if digits.is_empty() || !digits.bytes().all(|byte| char::from(byte).is_digit(radix)) {
        return Ok(None);
    }
    if let Ok(integer) = i64::from_str_radix(digits, radix) {
        return Ok(Some(Scalar::Integer(integer)));
    }
    let float = digits.chars().fold(0.0, |sum: f64, digit| {
        sum * f64::from(radix) + f64::from(digit.to_digit(radix).unwrap_or_default())
    });
    match float.is_finite() {
        true => Ok(Some(Scalar::Float(float))),
        false => Err("a number beyond the range of floats"),
    }
}

/// Tells whether a text without sign is a decimal number, and then whether it has a
/// fraction or an exponent.
fn decimal(text: &[u8]) -> Option<bool> {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(text);
    let mut rest = &text[whole..];
    let mut is_float = false;
    let mut fraction = 0;
    if let Some(after) = rest.strip_prefix(b".") {
        fraction = digits(after);
        rest = &after[fraction..];
        is_float = true;
    }
    if whole + fraction == 0 {
        return None;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'-' | b'+', digits @ ..] => digits,
            digits => digits,
        };
        let len = digits(exponent);
        if len == 0 {
            return None;
        }
        rest = &exponent[len..];
        is_float = true;
    }
    rest.is_empty().then_some(is_float)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_have_the_types_of_the_core_schema() {
        use Scalar::{Boolean, Float, Integer, Null, Text};
        for (text, value) in [
            ("", Null),
            ("~", Null),
            ("null", Null),
            ("nULL", Text("nULL")),
            ("TRUE", Boolean(true)),
            ("False", Boolean(false)),
            ("yes", Text("yes")),
            ("on", Text("on")),
            ("0", Integer(0)),
            ("-12", Integer(-12)),
            ("+7", Integer(7)),
            ("010", Integer(10)),
            ("0o17", Integer(15)),
            ("0xFf", Integer(255)),
            ("-0x1", Text("-0x1")),
            ("0x", Text("0x")),
            ("0o8", Text("0o8")),
            ("1_000", Text("1_000")),
            ("1:30", Text("1:30")),
            ("9223372036854775807", Integer(i64::MAX)),
            ("-9223372036854775808", Integer(i64::MIN)),
            ("9223372036854775808", Float(9_223_372_036_854_775_808.0)),
            ("0xffffffffffffffff", Float(18_446_744_073_709_551_615.0)),
            ("1.5", Float(1.5)),
            ("1.", Float(1.0)),
            (".5", Float(0.5)),
            ("-1e3", Float(-1000.0)),
            ("1E-2", Float(0.01)),
            (".", Text(".")),
            ("1e", Text("1e")),
            ("+", Text("+")),
            ("1.2.3", Text("1.2.3")),
            ("2024-01-02", Text("2024-01-02")),
            (".inf", Float(f64::INFINITY)),
            ("-.Inf", Float(f64::NEG_INFINITY)),
            ("inf", Text("inf")),
            ("nan", Text("nan")),
        ] {
            assert_eq!(resolve(text), Ok(value), "{text}");
        }
        assert!(matches!(resolve(".NaN"), Ok(Float(number)) if number.is_nan()));
        assert!(resolve("1e999").is_err());
        assert!(resolve(&format!("0x{}", "f".repeat(400))).is_err());
    }

    #[test]
    fn tags_choose_the_type() {
        assert_eq!(resolve_as("str", "12"), Ok(Scalar::Text("12")));
        assert_eq!(resolve_as("float", "12"), Ok(Scalar::Float(12.0)));
        assert_eq!(resolve_as("int", "12"), Ok(Scalar::Integer(12)));
        for (kind, text) in [("int", "x"), ("bool", "1"), ("seq", ""), ("binary", "AA==")] {
            assert!(resolve_as(kind, text).is_err(), "{kind}");
        }
    }
}
