//! Limits of the operands that a guest passes to an import.
//!
//! An import runs without preemption, and its errors quote operands and are kept. So
//! each operand has a limit, and its length is checked before a byte of it is read or
//! copied.

use warren_kernel::{Error, Kind, MAX_NAME_BYTES};

use crate::codec::check::Malformed;

/// A named number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// The name in errors.
    pub(crate) name: &'static str,
    /// Bytes.
    pub(crate) bytes: usize,
}

/// Limit of names: PIDs, ids of definitions, hosts and policies, modules, topics to
/// listen on.
pub(crate) const NAME: Limit = Limit {
    name: "max_name",
    bytes: MAX_NAME_BYTES,
};

/// Limit of each part of an authorization question: action, resource, attributes.
pub(crate) const ASKED: Limit = Limit {
    name: "max_question",
    bytes: 64 * 1024,
};

/// Limit of the code that an interpreter makes from a source.
pub(crate) const PREPARED: Limit = Limit {
    name: "max_prepared",
    bytes: 64 << 20,
};

/// Limit of an error that ends a process: the largest message of any host. A host
/// with a smaller `max_message` cuts the error.
pub(crate) const FAILURE: Limit = Limit {
    name: "max_message",
    bytes: 1 << 20,
};

impl Limit {
    /// Returns the limit of values that cross to another process: `bytes` is the
    /// largest `max_message` of all hosts. The limit of the one host is checked later.
    pub(crate) fn message(bytes: usize) -> Limit {
        Limit {
            name: "max_message",
            bytes,
        }
    }

    /// Refuses an operand that is longer than this.
    ///
    /// # Errors
    ///
    /// `Invalid`, with operand, limit and value.
    #[inline]
    pub(crate) fn check(self, operand: &'static str, bytes: usize) -> Result<(), Error> {
        if bytes <= self.bytes {
            Ok(())
        } else {
            Err(self.refusal(operand, bytes))
        }
    }

    #[cold]
    fn refusal(self, operand: &'static str, bytes: usize) -> Error {
        let Limit { name, bytes: value } = self;
        let message =
            format!("the parameter `{operand}` is {bytes} bytes, more than {name} = {value}");
        Error::at_limit(Kind::Invalid, name, value as u64, message)
            .with("operand", operand)
            .with("bytes", bytes as u64)
    }
}

/// Returns the refusal of an operand that is no value, or one that nests too deeply.
#[cold]
pub(crate) fn no_value(operand: &'static str, why: Malformed) -> Error {
    match why.limit() {
        None => malformed(operand, why),
        Some((limit, value)) => beyond(operand, limit, value, why),
    }
}

/// Returns the refusal of an operand with more of something than there may be.
#[cold]
pub(crate) fn beyond(
    operand: &'static str,
    limit: &'static str,
    value: u64,
    why: impl std::fmt::Display,
) -> Error {
    let message = format!("the parameter `{operand}`: {why}");
    Error::at_limit(Kind::Invalid, limit, value, message).with("operand", operand)
}

/// Returns the refusal of an operand with a wrong content.
#[cold]
pub(crate) fn malformed(operand: &'static str, why: impl std::fmt::Display) -> Error {
    Error::invalid(format!("the parameter `{operand}`: {why}")).with("operand", operand)
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren_kernel::{Details, Field};

    #[test]
    fn a_refusal_names_operand_and_limit() {
        assert_eq!(NAME.check("name", MAX_NAME_BYTES), Ok(()));
        let error = NAME.check("name", 66_000_000).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.contains("`name` is 66000000"), "{error}");
        let Some(Details::Fields(fields)) = error.details else {
            panic!("details are lost");
        };
        assert!(fields.contains(&("limit", Field::Text("max_name".into()))));
        assert!(fields.contains(&("value", Field::Number(1024))));
    }
}
