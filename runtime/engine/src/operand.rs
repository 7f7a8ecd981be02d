//! Limits of what a guest passes to an import.
//!
//! An import runs without preemption, and what it refuses goes into an error that
//! is kept. So each operand has a limit, and its length is compared before a byte
//! of it is read, copied or checked.

use warren_kernel::{Error, MAX_NAME_BYTES};

/// A named number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    /// What errors call it.
    pub(crate) name: &'static str,
    /// Bytes.
    pub(crate) bytes: usize,
}

/// Of names and whatever is called by one: PIDs, ids of definitions, hosts and
/// policies, modules, topics to listen on.
pub(crate) const NAME: Limit = Limit {
    name: "max_name",
    bytes: MAX_NAME_BYTES,
};

/// Of each part of a question: action, resource, attributes.
pub(crate) const ASKED: Limit = Limit {
    name: "max_question",
    bytes: 64 * 1024,
};

/// Of the code that an interpreter makes of a source.
pub(crate) const PREPARED: Limit = Limit {
    name: "max_prepared",
    bytes: 64 << 20,
};

impl Limit {
    /// Of what crosses from process to process: the largest `max_message` of any
    /// host, which each host's own is compared with later.
    pub(crate) fn message(bytes: usize) -> Limit {
        Limit {
            name: "max_message",
            bytes,
        }
    }

    /// Refuses an operand that is longer.
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
        Error::invalid(format!(
            "the parameter `{operand}` is {bytes} bytes, more than {name} ({value})"
        ))
        .with("operand", operand)
        .with("bytes", bytes as u64)
        .with("limit", name)
        .with("value", value as u64)
    }
}

/// The refusal of an operand that is not what it should be.
#[cold]
pub(crate) fn malformed(operand: &'static str, why: impl std::fmt::Display) -> Error {
    Error::invalid(format!("the parameter `{operand}`: {why}")).with("operand", operand)
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren_kernel::{Details, Field, Kind};

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
