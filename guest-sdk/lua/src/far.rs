//! PIDs of other nodes of a cluster.

use std::cell::OnceCell;

use warren_guest::{Buffer, process};

thread_local! {
    /// The node of this process; empty without a cluster.
    static OWN: OnceCell<Box<str>> = const { OnceCell::new() };
}

/// Bytes of the shortest PID in a cluster whose host has the form `a:b`, and some more: most PIDs
/// of a program without a cluster are shorter, and pay for nothing else.
const SHORT: usize = 28;

/// Returns true for the PID of a process of another node.
#[inline]
pub(crate) fn is_elsewhere(destination: &str) -> bool {
    destination.len() >= SHORT && is_far(destination)
}

#[cold]
#[inline(never)]
fn is_far(destination: &str) -> bool {
    node(destination).is_some_and(|node| {
        OWN.with(|own| {
            let own = own.get_or_init(|| {
                let mut buffer = Buffer::new();
                let pid = process::pid(&mut buffer).ok();
                let pid = pid.and_then(|pid| std::str::from_utf8(pid).ok());
                pid.and_then(self::node).unwrap_or_default().into()
            });
            **own != *node
        })
    })
}

/// Returns the node of a PID in a cluster.
fn node(pid: &str) -> Option<&str> {
    let (place, _) = pid.strip_prefix('{')?.split_once('|')?;
    let (node, _) = place.split_once('@')?;
    Some(node)
}
