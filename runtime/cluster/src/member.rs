//! Entries of nodes and names among the broker's values.

use std::time::Duration;

use bytes::Bytes;
use warren_kernel::{Address, Incarnation, NodeId, NodeName, nanoseconds};

use crate::wire::{Malformed, Reader, Writer};

/// The beginning of the keys of nodes.
pub(crate) const NODES: &str = "node.";

/// Returns the key of a node's entry.
pub(crate) fn key_of_node(name: &NodeName) -> String {
    format!("{NODES}{name}")
}

/// The beginning of the keys of names.
pub(crate) const NAMES: &str = "name.";

/// Returns the key of a name's entry. No two names have the same.
pub(crate) fn key_of_name(name: &str) -> String {
    let mut key = String::from(NAMES);
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => key.push(char::from(byte)),
            _ => key.push_str(&format!("={byte:02x}")),
        }
    }
    key
}

/// Returns the name that a key is of; `None` for a key that [`key_of_name`] never makes.
pub(crate) fn name_of_key(key: &str) -> Option<String> {
    let mut bytes = key.strip_prefix(NAMES)?.bytes();
    let mut name = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte == b'=' {
            let mut digit = || char::from(bytes.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            name.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            name.push(byte);
        }
    }
    let name = String::from_utf8(name).ok()?;
    (key_of_name(&name) == key).then_some(name)
}

/// A lease: the right of one life of a node to hold names. A node that has lost its lease
/// begins another generation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LeaseId {
    pub(crate) node: NodeId,
    pub(crate) generation: u64,
}

/// The value of a node's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeEntry {
    pub(crate) incarnation: Incarnation,
    pub(crate) generation: u64,
    /// The lease's duration.
    pub(crate) lease: Duration,
    /// True for a lease that another node has ended.
    pub(crate) is_over: bool,
}

impl NodeEntry {
    pub(crate) fn encode(&self) -> Bytes {
        let mut to = Writer::new();
        to.array(4).uint(self.incarnation.0).uint(self.generation);
        to.uint(nanoseconds(self.lease)).bool(self.is_over);
        to.into_bytes()
    }

    pub(crate) fn decode(bytes: &Bytes) -> Result<NodeEntry, Malformed> {
        let mut from = Reader::new(bytes);
        let present = from.array(4)?;
        let entry = NodeEntry {
            incarnation: Incarnation(from.uint()?),
            generation: from.uint()?,
            lease: Duration::from_nanos(from.uint()?),
            is_over: from.bool()?,
        };
        from.newer(present, 4)?;
        Ok(entry)
    }

    /// Returns the lease of this entry of a node.
    pub(crate) fn lease_of(&self, name: &NodeName) -> LeaseId {
        LeaseId {
            node: NodeId {
                name: name.clone(),
                incarnation: self.incarnation,
            },
            generation: self.generation,
        }
    }
}

/// The value of a name's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameEntry {
    /// The lease under which the name is held.
    pub(crate) lease: LeaseId,
    /// The holder.
    pub(crate) holder: Address,
}

impl NameEntry {
    pub(crate) fn encode(&self) -> Bytes {
        let mut to = Writer::new();
        to.array(2).uint(self.lease.generation);
        to.text(&self.holder.to_string());
        to.into_bytes()
    }

    pub(crate) fn decode(bytes: &Bytes) -> Result<NameEntry, Malformed> {
        let mut from = Reader::new(bytes);
        let present = from.array(2)?;
        let generation = from.uint()?;
        let holder = Address::parse(from.text()?).ok_or(Malformed("no PID"))?;
        from.newer(present, 2)?;
        Ok(NameEntry {
            lease: LeaseId {
                node: holder.node.clone(),
                generation,
            },
            holder,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_read_back() {
        let node = NodeEntry {
            incarnation: Incarnation(7),
            generation: 1,
            lease: Duration::from_secs(10),
            is_over: true,
        };
        assert_eq!(NodeEntry::decode(&node.encode()), Ok(node.clone()));
        let holder = Address::parse("{a@app:workers|0x7.00002}").unwrap();
        let name = NameEntry {
            lease: node.lease_of(&holder.node.name),
            holder,
        };
        assert_eq!(NameEntry::decode(&name.encode()), Ok(name));
    }

    #[test]
    fn each_name_has_a_key_of_its_own() {
        assert_eq!(key_of_name("shop.a:b"), "name.shop=2ea=3ab");
        assert_eq!(key_of_name("\u{e9}="), "name.=c3=a9=3d");
        assert_eq!(key_of_name("\u{11}"), "name.=11");
    }

    #[test]
    fn a_key_tells_its_name() {
        for name in ["room", "shop.a:b", "\u{e9}=", "", "a b/c"] {
            assert_eq!(name_of_key(&key_of_name(name)).as_deref(), Some(name));
        }
        for key in [
            "node.a", "name.a:b", "name.=3", "name.=3A", "name.=ff", "name.=61",
        ] {
            assert_eq!(name_of_key(key), None, "{key}");
        }
    }
}
