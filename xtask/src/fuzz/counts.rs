//! The counts that a target reports.

use anyhow::{Result, bail};

/// The number of times an event happened.
#[derive(Debug, PartialEq)]
pub(super) struct Count {
    /// The event, in the plural.
    pub(super) name: String,
    pub(super) number: u64,
}

/// Reads the executions, then the reached places, from a target's output.
pub(super) fn read(said: &str) -> Vec<Count> {
    said.lines()
        .filter_map(|line| {
            let (name, number) = line.rsplit_once(": ")?;
            let name = match name {
                "stat::number_of_executed_units" => "executions",
                name => name.strip_prefix("reached::")?,
            };
            Some(Count {
                name: name.to_owned(),
                number: number.trim().parse().ok()?,
            })
        })
        .collect()
}

/// Refuses a run that proves nothing.
///
/// # Errors
/// Nothing was counted, or an event never happened.
pub(super) fn check(counts: &[Count]) -> Result<()> {
    if counts.len() < 2 {
        bail!("the target does not report how far its inputs got");
    }
    for count in counts {
        if count.number == 0 {
            bail!(
                "no input got far enough: 0 {}; add an input to its corpus that does",
                count.name
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_and_nothing_else() {
        let said = "INFO: seed: 5\nstat::number_of_executed_units: 12\n\
                    stat::peak_rss_mb:              50\nreached::ids read: 3\n";
        let count = |name: &str, number| Count {
            name: name.to_owned(),
            number,
        };
        assert_eq!(read(said), [count("executions", 12), count("ids read", 3)]);
    }

    #[test]
    fn a_place_that_was_never_reached_is_an_error() {
        assert!(check(&read("")).is_err());
        let said = |ids: u32| format!("stat::number_of_executed_units: 9\nreached::ids: {ids}\n");
        assert!(check(&read(&said(0))).is_err());
        assert!(check(&read(&said(1))).is_ok());
    }
}
