//! News of members, as the monitors of groups read them.

use warren_values::msgpack::{Full, Output};

/// The label of the feeds of monitors.
pub(crate) const LABEL: &str = "@groups";

/// A change of the members of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Joined,
    Left,
}

/// Encodes a change as the one value of a message. Returns `None` if there is no memory
/// for it.
pub(super) fn change(kind: Kind, group: &str, pid: &str) -> Option<Vec<u8>> {
    let kind = match kind {
        Kind::Joined => "member.joined",
        Kind::Left => "member.left",
    };
    encode(|output| {
        output.map(4)?;
        fields(output, kind)?;
        text(output, "path")?;
        text(output, group)?;
        text(output, "data")?;
        output.map(2)?;
        text(output, "Group")?;
        text(output, group)?;
        text(output, "PIDs")?;
        output.array(1)?;
        text(output, pid)
    })
}

/// Encodes the last item of a monitor that could not hold all changes.
pub(super) fn missed() -> Option<Vec<u8>> {
    encode(|output| {
        output.map(2)?;
        fields(output, "missed")
    })
}

fn fields(output: &mut Output, kind: &str) -> Result<(), Full> {
    text(output, "system")?;
    text(output, "pg")?;
    text(output, "kind")?;
    text(output, kind)
}

fn text(output: &mut Output, text: &str) -> Result<(), Full> {
    output.string(text.as_bytes())
}

fn encode(item: impl FnOnce(&mut Output) -> Result<(), Full>) -> Option<Vec<u8>> {
    let mut output = Output::new();
    output.array(1).ok()?;
    item(&mut output).ok()?;
    Some(output.as_slice().to_vec())
}
