//! Packets and signals of another node of a cluster.
//!
//! An input is a list of packets: a byte for the sort, two for the length, and the content. Of
//! sort 0 the content is a packet, of sorts 1 and 2 a signal or a part of one, of sort 3 the
//! numbers of a heartbeat.

use arbitrary::{Result, Unstructured};
use warren_cluster::victim;

use crate::Reached;

pub(crate) static FRAMES: [Reached; 4] = [
    Reached::new("frames read"),
    Reached::new("signals taken"),
    Reached::new("peers cut off"),
    Reached::new("packets of other versions"),
];

/// Lets a node suffer the packets.
pub(super) fn frames(bytes: &[u8]) {
    let reach = victim::suffer(bytes);
    let counts = [reach.frames, reach.signals, reach.cut_off, reach.versions];
    for (place, count) in FRAMES.iter().zip(counts) {
        place.add(count);
    }
}

/// Makes a list of signals and frames as nodes send them, some with a changed byte.
pub(super) fn make(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let (signals, frames) = (victim::signals(), victim::frames());
    let mut input = Vec::new();
    for _ in 0..random.int_in_range(1..=12)? {
        let is_signal = random.ratio(3, 4)?;
        let samples = if is_signal { &signals } else { &frames };
        let mut content = random.choose(samples)?.clone();
        if random.ratio(1, 10)?
            && let Some(last) = content.len().checked_sub(1)
        {
            let place = random.int_in_range(0..=last)?;
            content[place] = random.arbitrary()?;
        }
        input.push(u8::from(is_signal));
        input.extend_from_slice(&(content.len() as u16).to_le_bytes());
        input.extend_from_slice(&content);
    }
    Ok(input)
}
