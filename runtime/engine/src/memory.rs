//! The machine's memory: the part that the processes may have, and the watch that acts
//! when it is nearly used up.

mod groups;
mod system;
mod watch;

pub use system::SystemMemory;
pub(crate) use watch::Watch;

/// The memory of the machine, or the part that this program may use.
///
/// ```
/// use warren_engine::{MachineMemory, default_max_memory};
///
/// /// A machine of so many bytes, half of which are in use.
/// struct HalfUsed(u64);
///
/// impl MachineMemory for HalfUsed {
///     fn total(&self) -> Option<u64> {
///         Some(self.0)
///     }
///
///     fn available(&self) -> Option<u64> {
///         Some(self.0 / 2)
///     }
/// }
///
/// let machine = HalfUsed(8 << 30);
/// assert_eq!(machine.available(), Some(4 << 30));
/// assert_eq!(machine.total().map(default_max_memory), Some(7 << 30));
/// ```
pub trait MachineMemory: Send + Sync + 'static {
    /// Returns the total bytes; `None` if they are unknown.
    fn total(&self) -> Option<u64>;

    /// Returns the bytes still available without swapping; `None` if they are unknown.
    fn available(&self) -> Option<u64>;
}

/// Returns the default limit of the memory of all processes together: `total` less a
/// reserve for the runtime and other programs. The reserve is an eighth of the memory,
/// at least 64 MiB and at most 4 GiB, but never more than half.
pub fn default_max_memory(total: u64) -> u64 {
    let reserve = (total / 8).clamp(64 << 20, 4 << 30);
    total - reserve.min(total / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_left() {
        const MIB: u64 = 1 << 20;
        for (total, limit) in [
            (64 * MIB, 32 * MIB),
            (256 * MIB, 192 * MIB),
            (8 << 30, 7 << 30),
            (256 << 30, 252 << 30),
            (0, 0),
        ] {
            assert_eq!(default_max_memory(total), limit, "{total}");
        }
    }
}
