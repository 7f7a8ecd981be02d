//! The ties of a new process to its spawner.

/// The ties of a new process to its spawner, as a spawn asks for them. The
/// default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// True if the spawner monitors the new process.
    pub monitored: bool,
    /// True if the two processes are linked.
    pub linked: bool,
}

impl Relation {
    /// Returns the relation that the bits of the guest ABI mean: 1 monitored,
    /// 2 linked. Other bits mean nothing.
    pub fn from_bits(bits: u32) -> Relation {
        Relation {
            monitored: bits & 1 != 0,
            linked: bits & 2 != 0,
        }
    }
}
