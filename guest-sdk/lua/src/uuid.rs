//! The library `uuid`.

use std::cell::Cell;
use std::ffi::c_int;

use ::uuid::{Builder, Uuid, Variant};
use mlua_sys::*;
use warren_guest::{clock, random};
use warren_values::kind;

use crate::argument::{REFUSED, given_bytes};
use crate::errors;
use crate::lua::{self, Functions, Members, State};

struct Library;

impl Members for Library {
    const FUNCTIONS: &'static Functions = &[
        (c"v1", v1),
        (c"v3", v3),
        (c"v4", v4),
        (c"v5", v5),
        (c"v7", v7),
        (c"validate", validate),
        (c"version", version),
        (c"variant", variant),
        (c"parse", parse),
        (c"format", format),
    ];
}

/// Pushes the library.
pub(crate) fn open(l: State) {
    l.new_table(0, 0);
    lua::set_members::<Library>(l);
}

/// `uuid.v1()`: the time, with a node and a clock sequence by chance.
extern "C-unwind" fn v1(l: State) -> c_int {
    let mut chance = [0; 8];
    random::fill(&mut chance);
    let [high, low, node @ ..] = chance;
    let mut node: [u8; 6] = node;
    // No card has such an address: it is one of a group.
    node[0] |= 1;
    let ticks = TICKS_TO_1970 + clock::now().unsigned_abs() / 100;
    let sequence = u16::from_be_bytes([high, low]);
    push(l, Builder::from_gregorian_timestamp(ticks, sequence, &node))
}

/// `uuid.v4()`: by chance.
extern "C-unwind" fn v4(l: State) -> c_int {
    let mut chance = [0; 16];
    random::fill(&mut chance);
    push(l, Builder::from_random_bytes(chance))
}

/// `uuid.v7()`: the time, and a number by chance. Each one of a process is greater than
/// the one before.
extern "C-unwind" fn v7(l: State) -> c_int {
    thread_local! {
        static LAST: Cell<Ordered> = const { Cell::new(Ordered { millisecond: 0, tail: 0 }) };
    }
    let mut chance = [0; 16];
    random::fill(&mut chance);
    let millisecond = clock::now().unsigned_abs() / 1_000_000;
    let next = LAST.get().next(millisecond, u128::from_le_bytes(chance));
    LAST.set(next);
    let bytes = next.tail_bytes();
    push(
        l,
        Builder::from_unix_timestamp_millis(next.millisecond, &bytes),
    )
}

/// `uuid.v5(namespace, name)`: by SHA-1.
extern "C-unwind" fn v5(l: State) -> c_int {
    named(l, Uuid::new_v5)
}

/// `uuid.v3(namespace, name)`: by MD5.
extern "C-unwind" fn v3(l: State) -> c_int {
    named(l, Uuid::new_v3)
}

fn named(l: State, make: fn(&Uuid, &[u8]) -> Uuid) -> c_int {
    let Some(namespace) = given(l, "namespace") else {
        return REFUSED;
    };
    let Some(name) = given_bytes(l, 2, "name") else {
        return REFUSED;
    };
    push_uuid(l, make(&namespace, name))
}

/// `uuid.validate(value)`.
extern "C-unwind" fn validate(l: State) -> c_int {
    let valid = l.with_bytes(1, |id| id.and_then(read).is_some());
    l.push_boolean(valid);
    1
}

/// `uuid.version(id)`.
extern "C-unwind" fn version(l: State) -> c_int {
    let Some(id) = given(l, "id") else {
        return REFUSED;
    };
    l.push_integer(id.get_version_num() as lua_Integer);
    1
}

/// `uuid.variant(id)`.
extern "C-unwind" fn variant(l: State) -> c_int {
    let Some(id) = given(l, "id") else {
        return REFUSED;
    };
    l.push_bytes(name_of_variant(id).as_bytes());
    1
}

/// `uuid.parse(id)`.
extern "C-unwind" fn parse(l: State) -> c_int {
    let Some(id) = given(l, "id") else {
        return REFUSED;
    };
    l.new_table(0, 4);
    l.push_integer(id.get_version_num() as lua_Integer);
    l.set_field(-2, c"version");
    l.push_bytes(name_of_variant(id).as_bytes());
    l.set_field(-2, c"variant");
    if let Some(timestamp) = id.get_timestamp() {
        let (seconds, _) = timestamp.to_unix();
        l.push_integer(seconds.cast_signed());
        l.set_field(-2, c"timestamp");
    }
    if let Some(node) = id.get_node_id() {
        l.push_bytes(&node);
        l.set_field(-2, c"node");
    }
    1
}

/// `uuid.format(id, kind?)`.
extern "C-unwind" fn format(l: State) -> c_int {
    let Some(id) = given(l, "id") else {
        return REFUSED;
    };
    let kind = if l.type_of(2) <= LUA_TNIL {
        b"standard"
    } else {
        let Some(kind) = given_bytes(l, 2, "kind") else {
            return REFUSED;
        };
        kind
    };
    let mut text = Uuid::encode_buffer();
    let text = match kind {
        b"standard" => id.hyphenated().encode_lower(&mut text),
        b"simple" => id.simple().encode_lower(&mut text),
        b"urn" => id.urn().encode_lower(&mut text),
        _ => {
            return errors::refuse(
                l,
                kind::INVALID,
                format_args!("kind is not one of \"standard\", \"simple\" and \"urn\""),
            );
        }
    };
    l.push_bytes(text.as_bytes());
    1
}

/// Ticks of 100 ns from the beginning of the Gregorian calendar to 1970.
const TICKS_TO_1970: u64 = 0x01b2_1dd2_1381_4000;

/// The parts of an id of version 7, as they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Ordered {
    millisecond: u64,
    /// The bits behind it, without those of version and variant.
    tail: u128,
}

impl Ordered {
    const TAIL_BITS: u32 = 74;

    /// Returns a greater one: of a later time with a tail by chance, or else with a tail
    /// greater by chance.
    fn next(self, millisecond: u64, chance: u128) -> Self {
        if millisecond > self.millisecond {
            return Self {
                millisecond,
                // Half of the room is left to those of the same millisecond.
                tail: chance >> (128 - Self::TAIL_BITS + 1),
            };
        }
        let tail = self.tail + 1 + (chance >> 96);
        Self {
            millisecond: self.millisecond + (tail >> Self::TAIL_BITS) as u64,
            tail: tail & ((1 << Self::TAIL_BITS) - 1),
        }
    }

    /// The last ten bytes, with room for version and variant.
    fn tail_bytes(self) -> [u8; 10] {
        let mut bytes = [0; 10];
        let (high, low) = bytes.split_at_mut(2);
        high.copy_from_slice(&((self.tail >> 62) as u16).to_be_bytes());
        low.copy_from_slice(&(self.tail as u64 & ((1 << 62) - 1)).to_be_bytes());
        bytes
    }
}

/// The id that is argument 1. `None` where it is none; then nil and an error were
/// pushed.
fn given(l: State, name: &str) -> Option<Uuid> {
    let text = given_bytes(l, 1, name)?;
    let id = read(text);
    if id.is_none() {
        errors::refuse(l, kind::INVALID, format_args!("{name} is not a UUID"));
    }
    id
}

fn read(text: &[u8]) -> Option<Uuid> {
    Uuid::try_parse_ascii(text).ok()
}

fn name_of_variant(id: Uuid) -> &'static str {
    match id.get_variant() {
        Variant::NCS => "NCS",
        Variant::RFC4122 => "RFC4122",
        Variant::Microsoft => "Microsoft",
        _ => "Future",
    }
}

fn push(l: State, builder: Builder) -> c_int {
    push_uuid(l, builder.into_uuid())
}

fn push_uuid(l: State, id: Uuid) -> c_int {
    let mut text = Uuid::encode_buffer();
    l.push_bytes(id.hyphenated().encode_lower(&mut text).as_bytes());
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_greater_than_the_one_before() {
        let mut last = Ordered {
            millisecond: 0,
            tail: 0,
        };
        let mut texts = Vec::new();
        for (millisecond, chance) in [
            (5, u128::MAX),
            (5, 0),
            (5, u128::MAX),
            (4, 1 << 90),
            (6, 0),
            (6, 0),
            (7, 1 << 127),
        ] {
            let next = last.next(millisecond, chance);
            assert!(next > last);
            last = next;
            let id = Builder::from_unix_timestamp_millis(next.millisecond, &next.tail_bytes());
            let id = id.into_uuid();
            assert_eq!(
                (id.get_version_num(), id.get_variant()),
                (7, Variant::RFC4122)
            );
            texts.push(id.to_string());
        }
        assert!(texts.is_sorted_by(|a, b| a < b), "{texts:?}");
        let full = Ordered {
            millisecond: 5,
            tail: (1 << 74) - 1,
        };
        assert_eq!(
            full.next(5, 0),
            Ordered {
                millisecond: 6,
                tail: 0
            }
        );
    }
}
