//! The constants of a source file, with their values.

use std::fs;
use std::path::Path;

/// A constant as it is written.
pub(super) struct Constant {
    pub(super) name: String,
    expression: String,
}

/// Returns the constants of a file that stand before its tests.
pub(super) fn constants(file: &Path) -> Vec<Constant> {
    let source = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    let code = source.split("#[cfg(test)]\nmod tests {").next();
    let statements = code
        .into_iter()
        .flat_map(|code| code.split("const ").skip(1));
    let constant = |statement: &str| {
        let (head, expression) = statement.split(';').next()?.split_once(" = ")?;
        let (name, _) = head.split_once(": ")?;
        let is_name = |name: &str| {
            name.chars()
                .all(|char| char.is_ascii_uppercase() || char == '_')
        };
        is_name(name).then(|| Constant {
            name: name.to_owned(),
            expression: expression.trim().to_owned(),
        })
    };
    statements.filter_map(constant).collect()
}

impl Constant {
    /// Returns the number; a duration in nanoseconds.
    pub(super) fn value(&self) -> Option<u128> {
        let text = self.expression.as_str();
        for (function, nanoseconds) in [
            ("secs", 1_000_000_000),
            ("millis", 1_000_000),
            ("micros", 1_000),
        ] {
            let call = format!("Duration::from_{function}(");
            if let Some(rest) = text.strip_prefix(&call) {
                return Some(number(rest.strip_suffix(')')?)? * nanoseconds);
            }
        }
        number(text)
    }
}

/// Returns the value of a number, a product or a shift.
fn number(text: &str) -> Option<u128> {
    if let Some((number_of, shift)) = text.split_once(" << ") {
        return Some(number(number_of)? << number(shift)?);
    }
    if let Some((one, other)) = text.split_once(" * ") {
        return Some(number(one)? * number(other)?);
    }
    match text {
        "KIB" => Some(1 << 10),
        "MIB" => Some(1 << 20),
        // A piece of output: 64 KiB.
        "PIECE" => Some(64 << 10),
        digits => digits.replace('_', "").parse().ok(),
    }
}

#[test]
fn constants_are_computed() {
    for (text, value) in [
        ("4096", 4_096),
        ("10_000", 10_000),
        ("64 << 10", 65_536),
        ("2 * 60 * 60", 7_200),
        ("480 * KIB", 491_520),
        ("Duration::from_millis(3)", 3_000_000),
    ] {
        let constant = Constant {
            name: String::new(),
            expression: text.to_owned(),
        };
        assert_eq!(constant.value(), Some(value), "{text}");
    }
}
