//! The texts that name a process.

use std::num::NonZeroU64;

use crate::address::{Address, NodeId};
use crate::error::Error;
use crate::name::check_name;
use crate::pid::Pid;

/// The text by which a program names a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination<'a> {
    /// A PID's text.
    Pid {
        /// The host the text names.
        host: &'a str,
        /// The process. A text in the form of a PID that [`Pid::text`] never writes, such
        /// as `{host|0x2}`, is of the largest PID, which no process gets.
        pid: Pid,
    },
    /// The text of a PID in a cluster; [`Address::parse`] reads its parts.
    Clustered {
        /// The text.
        text: &'a str,
        /// The process on its node.
        pid: Pid,
    },
    /// A registered name.
    Name(&'a str),
}

/// Returns the beginning of the texts of all PIDs in a host, of a node of a cluster or of a
/// runtime without one.
pub(crate) fn text_before(host: &str, node: Option<&NodeId>) -> String {
    match node {
        Some(node) => format!("{{{}@{host}|0x{:x}.", node.name, node.incarnation.0),
        None => format!("{{{host}|0x"),
    }
}

impl<'a> Destination<'a> {
    /// Reads a destination.
    ///
    /// # Errors
    /// `Invalid` for a text that begins with `{` and does not have the form of a PID,
    /// and for one that no process can be registered under.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        if !text.starts_with('{') {
            check_name(text)?;
            return Ok(Destination::Name(text));
        }
        parse_pid(text).ok_or_else(|| Error::invalid(format!("not a PID: {text}")))
    }
}

fn parse_pid(text: &str) -> Option<Destination<'_>> {
    let (host, id) = text
        .strip_prefix('{')?
        .strip_suffix('}')?
        .rsplit_once('|')?;
    let digits = id.strip_prefix("0x")?;
    if host.is_empty() {
        return None;
    }
    // Each process has one text: no capital digits, no padding zeros beyond
    // five digits.
    let canonical = digits.len() >= 5
        && !(digits.len() > 5 && digits.starts_with('0'))
        && digits
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let number = match canonical {
        true => u64::from_str_radix(digits, 16)
            .ok()
            .and_then(NonZeroU64::new),
        false => None,
    };
    match number {
        Some(number) => Some(Destination::Pid {
            host,
            pid: Pid::new(number),
        }),
        None => other_form(text, host, digits),
    }
}

/// Reads a text that is no PID of a runtime without a cluster.
#[cold]
fn other_form<'a>(text: &'a str, host: &'a str, digits: &str) -> Option<Destination<'a>> {
    if is_hexadecimal(digits) {
        // Nobody's: the text has the form of a PID, but is never written so.
        let pid = Pid::MAX;
        return Some(Destination::Pid { host, pid });
    }
    let address = Address::parse(text)?;
    Some(Destination::Clustered {
        text,
        pid: address.pid,
    })
}

fn is_hexadecimal(digits: &str) -> bool {
    !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Incarnation;

    fn pid(number: u64) -> Pid {
        Pid::new(NonZeroU64::new(number).unwrap_or(NonZeroU64::MIN))
    }

    #[test]
    fn text_reads_back() {
        for number in [1, 2, 0xfffff, 0x100000, u64::MAX] {
            let text = pid(number).text("a:b");
            assert_eq!(
                Destination::parse(&text),
                Ok(Destination::Pid {
                    host: "a:b",
                    pid: pid(number)
                })
            );
        }
    }

    #[test]
    fn a_text_that_begins_with_a_brace_is_a_pid_or_invalid() {
        for text in [
            "{",
            "{}",
            "{a}",
            "{a|}",
            "{a|2}",
            "{a|0x}",
            "{a|0x+0002}",
            "{a|0x0000g}",
            "{|0x00002}",
            "{|0x2}",
            "{a|0x00002",
        ] {
            let error = Destination::parse(text).unwrap_err();
            assert_eq!(error.kind, crate::Kind::Invalid, "{text}");
        }
    }

    #[test]
    fn a_pid_that_is_written_otherwise_is_of_no_process() {
        for text in [
            "{a|0x2}",
            "{a|0x00000}",
            "{a|0x0000A}",
            "{a|0x000002}",
            "{a|0x10000000000000000}",
        ] {
            let nobody = Destination::Pid {
                host: "a",
                pid: Pid::MAX,
            };
            assert_eq!(Destination::parse(text), Ok(nobody), "{text}");
        }
    }

    #[test]
    fn a_text_of_a_cluster_reads_back() {
        for (number, incarnation) in [(1, 0), (0xabcdef, 0x0193_59c1), (u64::MAX, u64::MAX)] {
            let node = NodeId {
                name: "b-2".parse().unwrap(),
                incarnation: Incarnation(incarnation),
            };
            let text = pid(number).text_behind(&text_before("app:workers", Some(&node)));
            let address = Address {
                node,
                host: "app:workers".into(),
                pid: pid(number),
            };
            assert_eq!(address.text(), text);
            let read = Destination::parse(&text);
            let expected = Destination::Clustered {
                text: &text,
                pid: pid(number),
            };
            assert_eq!(read, Ok(expected), "{text}");
        }
    }

    #[test]
    fn anything_else_is_a_name_if_it_can_be_one() {
        assert_eq!(Destination::parse("room"), Ok(Destination::Name("room")));
        assert!(Destination::parse("").is_err());
        assert!(Destination::parse("@inbox").is_err());
    }
}
