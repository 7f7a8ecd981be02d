//! The values that are exchanged.

use rmpv::Value;

/// One value, in the forms its senders need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// A string of 64 bytes.
    Bytes64,
    /// A string of 1 KiB.
    Kib,
    /// A record of four fields, one of them a list.
    Table,
}

impl Payload {
    /// Returns its number in `guests/warren_bench.erl`.
    pub(crate) fn in_erlang(self) -> u32 {
        match self {
            Payload::Bytes64 => 0,
            Payload::Kib => 1,
            Payload::Table => 2,
        }
    }

    /// Returns the value as MessagePack.
    pub(crate) fn encoded(self) -> Vec<u8> {
        let text = |repeated: usize| Value::from("0123456789abcdef".repeat(repeated));
        let value = match self {
            Payload::Bytes64 => text(4),
            Payload::Kib => text(64),
            Payload::Table => Value::Map(vec![
                ("id".into(), 7.into()),
                ("name".into(), "counter".into()),
                (
                    "values".into(),
                    Value::Array((1..=4).map(Value::from).collect()),
                ),
                ("ok".into(), true.into()),
            ]),
        };
        let mut bytes = Vec::new();
        // Never fails: it writes to memory.
        let _ = rmpv::encode::write_value(&mut bytes, &value);
        bytes
    }
}
