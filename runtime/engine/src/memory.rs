//! The machine's memory: how much of it the processes may have, and what happens
//! near its end.

mod groups;
mod system;
mod watch;

pub use system::SystemMemory;
pub(crate) use watch::Watch;

/// The memory of the machine, or of as much of it as this program may use.
pub trait MachineMemory: Send + Sync + 'static {
    /// Bytes in all. Absent where that cannot be told.
    fn total(&self) -> Option<u64>;

    /// Bytes that can still be had without swapping. Absent where that cannot be
    /// told.
    fn available(&self) -> Option<u64>;
}

/// Bytes that all processes together may have where nobody says otherwise: all but
/// a reserve for the runtime itself and other programs, an eighth of the memory
/// but 64 MiB at least and 4 GiB at most.
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
