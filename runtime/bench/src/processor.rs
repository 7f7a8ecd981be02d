//! The processor time of an OS process.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// Returns the time that all threads of a process have spent on processors: beside other
/// work, a steadier measure than elapsed time.
///
/// # Errors
/// The files of `/proc` cannot be read, as on a system that is not Linux.
pub(crate) fn time_of(os_pid: u32) -> Result<Duration> {
    let path = format!("/proc/{os_pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("{path} cannot be read"))?;
    time_in(&stat).with_context(|| format!("{path} is {stat}"))
}

fn time_in(stat: &str) -> Option<Duration> {
    // After the name, which may contain anything, the fields from the third on.
    let fields = stat.rsplit(')').next()?;
    let ticks = |field: usize| -> Option<u64> {
        let ticks = fields.split_whitespace().nth(field - 3)?;
        ticks.parse().ok()
    };
    // Linux counts in hundredths of a second, whatever its own clock does.
    Some(Duration::from_millis(10 * (ticks(14)? + ticks(15)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_user_and_system_are_added() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 9 0 0 0 12 30 0 0 20 0 1 0 5 6 7";
        assert_eq!(time_in(stat), Some(Duration::from_millis(420)));
        assert_eq!(time_in("7 (a) S 1"), None);
        assert!(time_of(std::process::id()).is_ok());
    }
}
