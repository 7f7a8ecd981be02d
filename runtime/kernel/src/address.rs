//! Processes of several nodes, and the texts that name them.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use crate::error::Error;
use crate::pid::Pid;
use crate::text;

/// Bytes of the longest name of a node.
const LONGEST_NAME: usize = 63;

/// The name of a node of a cluster: 1 to 63 of `a` to `z`, `0` to `9` and `-`.
///
/// ```
/// use warren_kernel::NodeName;
///
/// let name: NodeName = "shop-1".parse()?;
/// assert_eq!(name.as_str(), "shop-1");
/// assert!("Shop 1".parse::<NodeName>().is_err());
/// # Ok::<_, warren_kernel::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for NodeName {
    type Err = Error;

    /// Reads a name.
    ///
    /// # Errors
    /// `Invalid` for a text that is no name of a node.
    fn from_str(name: &str) -> Result<Self, Error> {
        let fits = (1..=LONGEST_NAME).contains(&name.len());
        let letters = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if fits && name.bytes().all(letters) {
            return Ok(NodeName(name.into()));
        }
        let message = format!(
            "a node's name is 1 to {LONGEST_NAME} of `a` to `z`, `0` to `9` and `-`, not \
             `{}`",
            text::line(name)
        );
        Err(Error::invalid(message))
    }
}

impl fmt::Display for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for NodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One life of a node: a number that is larger at each start of the node.
///
/// ```
/// use warren_kernel::Incarnation;
///
/// assert!(Incarnation(7) < Incarnation(8));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// One life of one node of a cluster.
///
/// ```
/// use warren_kernel::{Incarnation, NodeId};
///
/// let node = NodeId { name: "a".parse()?, incarnation: Incarnation(7) };
/// assert_eq!(node.to_string(), "a#7");
/// # Ok::<_, warren_kernel::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// The node.
    pub name: NodeName,
    /// The life of the node.
    pub incarnation: Incarnation,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{:x}", self.name, self.incarnation.0)
    }
}

/// A process of a node of a cluster. Its text is `{node@host|0xI.N}`: the hexadecimal digits
/// of the incarnation, and those of the process's number as [`Pid::text`] writes them.
///
/// ```
/// use warren_kernel::Address;
///
/// let address = Address::parse("{a@app:workers|0x7.00002}").expect("a process of a node");
/// assert_eq!(address.node.name.as_str(), "a");
/// assert_eq!(&*address.host, "app:workers");
/// assert_eq!(address.to_string(), "{a@app:workers|0x7.00002}");
/// assert_eq!(Address::parse("{app:workers|0x00002}"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The node that runs the process.
    pub node: NodeId,
    /// The host of the process on that node.
    pub host: Arc<str>,
    /// The process on that node.
    pub pid: Pid,
}

impl Address {
    /// Reads the text of a process of a node. Returns `None` for every other text. A text with
    /// other digits than those that the runtime writes is of the largest PID, which no process
    /// gets.
    pub fn parse(text: &str) -> Option<Address> {
        let inner = text.strip_prefix('{')?.strip_suffix('}')?;
        let (place, id) = inner.rsplit_once('|')?;
        let (node, host) = place.split_once('@')?;
        let (incarnation, number) = id.strip_prefix("0x")?.split_once('.')?;
        if host.is_empty() || host.contains(['{', '|', '}', '@']) {
            return None;
        }
        let pid = hexadecimal(number)?;
        let canonical = number.len() >= 5
            && !(number.len() > 5 && number.starts_with('0'))
            && !number.bytes().any(|digit| digit.is_ascii_uppercase());
        let pid = match NonZeroU64::new(pid) {
            Some(pid) if canonical => Pid::new(pid),
            _ => Pid::MAX,
        };
        let padded = incarnation.len() > 1 && incarnation.starts_with('0');
        if padded || incarnation.bytes().any(|digit| digit.is_ascii_uppercase()) {
            return None;
        }
        Some(Address {
            node: NodeId {
                name: node.parse().ok()?,
                incarnation: Incarnation(hexadecimal(incarnation)?),
            },
            host: host.into(),
            pid,
        })
    }

    /// Returns the text.
    pub fn text(&self) -> Arc<str> {
        self.to_string().into()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (node, host) = (&self.node, &self.host);
        let (incarnation, number) = (node.incarnation.0, self.pid.number());
        write!(f, "{{{}@{host}|0x{incarnation:x}.{number:05x}}}", node.name)
    }
}

/// Reads up to sixteen hexadecimal digits.
fn hexadecimal(digits: &str) -> Option<u64> {
    let fits = (1..=16).contains(&digits.len());
    let digits = Some(digits).filter(|_| fits)?;
    let are = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    u64::from_str_radix(Some(digits).filter(|_| are)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_back() {
        for (incarnation, number) in [(0, 1), (0x19a, 0xfffff), (u64::MAX, u64::MAX)] {
            let address = Address {
                node: NodeId {
                    name: "a-1".parse().unwrap(),
                    incarnation: Incarnation(incarnation),
                },
                host: "app:workers".into(),
                pid: Pid::from_number(number).unwrap(),
            };
            assert_eq!(Address::parse(&address.text()), Some(address));
        }
    }

    #[test]
    fn other_texts_are_of_no_node() {
        for text in [
            "",
            "{",
            "room",
            "{a:b|0x00002}",
            "{a@a:b|0x00002}",
            "{a@a:b|0x1.}",
            "{a@a:b|0x.00002}",
            "{a@|0x1.00002}",
            "{@a:b|0x1.00002}",
            "{A@a:b|0x1.00002}",
            "{a@b@a:b|0x1.00002}",
            "{a@a:b|0x01.00002}",
            "{a@a:b|0xA.00002}",
            "{a@a:b|0x1.+0002}",
            "{a@a:b|0x10000000000000000.00002}",
        ] {
            assert_eq!(Address::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_that_is_written_otherwise_is_of_no_process() {
        for text in ["{a@b|0x1.2}", "{a@b|0x1.0000A}", "{a@b|0x1.00000}"] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.pid, Pid::MAX, "{text}");
        }
    }
}
