//! Measures the contenders of a row in turns: A B C, A B C, ... The machine's
//! other work and the clocks of its cores are then the same for all.

use anyhow::{Context, Result, ensure};

use crate::bar::Bar;
use crate::progress::Progress;
use crate::statistics::Summary;

/// The meaning of one figure of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Metric {
    /// The counted thing.
    pub(crate) name: &'static str,
    /// The unit.
    pub(crate) unit: &'static str,
    /// True if a ratio to the baselines is meaningful.
    pub(crate) compared: bool,
}

/// A contender of a row.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    pub(crate) entry: Entry<'a>,
}

/// A function that takes one sample: one figure for each metric of the row.
type Sample<'a> = Box<dyn FnMut() -> Result<Vec<f64>> + 'a>;

/// The measurement of a contender.
pub(crate) enum Entry<'a> {
    /// Measured by this function.
    Ready(Sample<'a>),
    /// Not measured, for this reason.
    Missing(String),
}

impl<'a> Contender<'a> {
    /// Returns a contender measured by a function.
    pub(crate) fn ready(
        name: &'static str,
        sample: impl FnMut() -> Result<Vec<f64>> + 'a,
    ) -> Contender<'a> {
        Contender {
            name,
            entry: Entry::Ready(Box::new(sample)),
        }
    }

    /// Returns a contender that this machine does not have.
    pub(crate) fn missing(name: &'static str, reason: impl Into<String>) -> Contender<'a> {
        Contender {
            name,
            entry: Entry::Missing(reason.into()),
        }
    }
}

/// A row, ready to be measured.
pub(crate) struct Row<'a> {
    pub(crate) name: &'static str,
    pub(crate) metrics: &'static [Metric],
    pub(crate) contenders: Vec<Contender<'a>>,
    /// The contenders that the others are compared with.
    pub(crate) baselines: &'static [&'static str],
    /// Samples taken first and forgotten.
    pub(crate) warm_ups: usize,
    /// Samples kept; at least one.
    pub(crate) rounds: usize,
}

impl Row<'_> {
    /// Checks that each bar is for a figure of the row.
    ///
    /// # Errors
    /// A bar names a contender, a baseline or a metric that the row does not have.
    pub(crate) fn check(&self, bars: &[Bar]) -> Result<()> {
        for bar in bars {
            let mut names = self.contenders.iter().map(|contender| contender.name);
            let has_baseline = bar
                .baseline
                .is_none_or(|baseline| names.clone().any(|name| name == baseline));
            let is_for = |name| {
                self.metrics
                    .iter()
                    .any(|metric| bar.is_for(name, metric.name))
            };
            ensure!(
                has_baseline && names.any(is_for),
                "{} has no figure for {bar:?}",
                self.name
            );
        }
        Ok(())
    }

    /// Drops all contenders but one.
    ///
    /// # Errors
    /// There is no such contender.
    pub(crate) fn keep(&mut self, name: &str) -> Result<()> {
        let names: Vec<_> = self.contenders.iter().map(|c| c.name).collect();
        self.contenders.retain(|contender| contender.name == name);
        ensure!(
            !self.contenders.is_empty(),
            "no contender of {} is called {name}; there are: {}",
            self.name,
            names.join(", ")
        );
        Ok(())
    }
}

/// A row with its figures.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) row: &'static str,
    pub(crate) metrics: &'static [Metric],
    pub(crate) baselines: &'static [&'static str],
    pub(crate) bars: &'static [Bar],
    pub(crate) rounds: usize,
    pub(crate) contenders: Vec<MeasuredContender>,
}

/// A contender with its figures.
#[derive(Debug)]
pub(crate) struct MeasuredContender {
    pub(crate) name: &'static str,
    /// A summary for each metric, or the reason why there is none.
    pub(crate) summaries: Result<Vec<Summary>, String>,
}

/// Takes the samples of all contenders, in turns.
///
/// # Errors
/// A contender failed.
pub(crate) fn interleaved(
    mut row: Row<'_>,
    bars: &'static [Bar],
    progress: &Progress,
) -> Result<Measured> {
    let mut samples = vec![vec![Vec::new(); row.metrics.len()]; row.contenders.len()];
    let rounds = row.warm_ups + row.rounds;
    for round in 0..rounds {
        for (contender, kept) in row.contenders.iter_mut().zip(&mut samples) {
            let Entry::Ready(sample) = &mut contender.entry else {
                continue;
            };
            progress.contender(row.name, contender.name, round + 1, rounds);
            let figures = sample().with_context(|| format!("{}, {}", row.name, contender.name))?;
            ensure!(
                figures.len() == row.metrics.len(),
                "a figure for each metric"
            );
            if round >= row.warm_ups {
                for (kept, figure) in kept.iter_mut().zip(figures) {
                    kept.push(figure);
                }
            }
        }
    }
    let contenders = row.contenders.into_iter().zip(samples);
    Ok(Measured {
        row: row.name,
        metrics: row.metrics,
        baselines: row.baselines,
        bars,
        rounds: row.rounds,
        contenders: contenders
            .map(|(contender, samples)| MeasuredContender {
                name: contender.name,
                summaries: match contender.entry {
                    Entry::Ready(_) => Ok(samples.into_iter().filter_map(Summary::of).collect()),
                    Entry::Missing(reason) => Err(reason),
                },
            })
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const ONE: &[Metric] = &[Metric {
        name: "time",
        unit: "us",
        compared: true,
    }];

    #[test]
    fn contenders_take_turns_and_warm_ups_are_forgotten() {
        let order = RefCell::new(String::new());
        let contender = |name: &'static str| {
            let order = &order;
            let mut figure = 10.0;
            Contender::ready(name, move || {
                order.borrow_mut().push_str(name);
                figure -= 1.0;
                Ok(vec![figure])
            })
        };
        let row = Row {
            name: "row",
            metrics: ONE,
            contenders: vec![
                contender("a"),
                Contender::missing("b", "gone"),
                contender("c"),
            ],
            baselines: &["a"],
            warm_ups: 1,
            rounds: 2,
        };
        let measured = interleaved(row, &[], &Progress::new(1)).expect("nothing fails");
        assert_eq!(*order.borrow(), "acacac");
        let first = measured.contenders[0].summaries.as_ref().expect("is there");
        assert_eq!((first[0].low, first[0].high), (7.0, 8.0));
        assert_eq!(measured.contenders[1].summaries, Err("gone".to_owned()));
    }

    #[test]
    fn a_bar_without_a_figure_is_an_error() {
        let row = Row {
            name: "row",
            metrics: ONE,
            contenders: vec![Contender::missing("a", "gone")],
            baselines: &[],
            warm_ups: 0,
            rounds: 1,
        };
        row.check(&[Bar::of_figure("a", "time", 1.0)])
            .expect("there is this figure");
        for bar in [
            Bar::of_figure("b", "time", 1.0),
            Bar::of_figure("a", "memory", 1.0),
            Bar::of_ratio("a", "time", "b", 1.0),
            Bar::of_each_figure("memory", 1.0),
        ] {
            assert!(row.check(&[bar]).is_err(), "{bar:?}");
        }
    }

    #[test]
    fn a_failure_names_row_and_contender() {
        let row = Row {
            name: "row",
            metrics: ONE,
            contenders: vec![Contender::ready("a", || anyhow::bail!("broken"))],
            baselines: &[],
            warm_ups: 0,
            rounds: 1,
        };
        let error = interleaved(row, &[], &Progress::new(1)).expect_err("it fails");
        assert_eq!(format!("{error:#}"), "row, a: broken");
    }
}
