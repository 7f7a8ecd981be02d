//! Bounds of figures: a run fails if a figure is beyond its bar.

use std::fmt::{self, Display};

use crate::statistics::Summary;

/// The most, or the least, that a figure of a row may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bar {
    /// The contender; `None` for each.
    contender: Option<&'static str>,
    /// The name of the metric.
    metric: &'static str,
    /// The baseline, if the bar is a multiple of its figure.
    pub(crate) baseline: Option<&'static str>,
    /// The side on which figures fail.
    side: Side,
    /// The bound, in the unit of the metric or as a multiple.
    bound: f64,
}

/// The side of a bar on which figures fail.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Side {
    /// Above it: of a time, or of memory.
    Over,
    /// Below it: of a rate.
    Under,
}

impl Bar {
    /// Returns a bar for a contender's own figure.
    pub(crate) const fn of_figure(contender: &'static str, metric: &'static str, most: f64) -> Bar {
        Bar {
            contender: Some(contender),
            metric,
            baseline: None,
            side: Side::Over,
            bound: most,
        }
    }

    /// Returns a bar for the ratio of a contender to a baseline.
    pub(crate) const fn of_ratio(
        contender: &'static str,
        metric: &'static str,
        baseline: &'static str,
        most: f64,
    ) -> Bar {
        Bar {
            contender: Some(contender),
            metric,
            baseline: Some(baseline),
            side: Side::Over,
            bound: most,
        }
    }

    /// Returns a bar for the ratio of a contender to a baseline, of a figure that is better
    /// the larger it is.
    pub(crate) const fn of_least_ratio(
        contender: &'static str,
        metric: &'static str,
        baseline: &'static str,
        least: f64,
    ) -> Bar {
        Bar {
            contender: Some(contender),
            metric,
            baseline: Some(baseline),
            side: Side::Under,
            bound: least,
        }
    }

    /// Returns a bar for the figure of each contender.
    pub(crate) const fn of_each_figure(metric: &'static str, most: f64) -> Bar {
        Bar {
            contender: None,
            metric,
            baseline: None,
            side: Side::Over,
            bound: most,
        }
    }

    /// Returns whether the bar is for this figure.
    pub(crate) fn is_for(&self, contender: &str, metric: &str) -> bool {
        metric == self.metric && self.contender.is_none_or(|own| own == contender)
    }

    /// Returns what the bar is held against: of the medians and the best samples, the better
    /// figure. Other work of the machine makes a time longer and a rate lower, never better.
    /// Returns `None` if the baseline was not measured.
    pub(crate) fn judge(&self, own: Summary, baseline: Option<Summary>) -> Option<Judged> {
        let best = |summary: Summary| match self.side {
            Side::Over => summary.low,
            Side::Under => summary.high,
        };
        let figure = match (self.baseline, baseline) {
            (None, _) => best(own),
            (Some(_), Some(base)) if base.low > 0.0 => {
                let (medians, bests) = (own.median / base.median, best(own) / best(base));
                match self.side {
                    Side::Over => medians.min(bests),
                    Side::Under => medians.max(bests),
                }
            }
            (Some(_), _) => return None,
        };
        Some(Judged { bar: *self, figure })
    }
}

/// A figure and its bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Judged {
    bar: Bar,
    figure: f64,
}

impl Judged {
    /// Returns whether the figure is on the wrong side of its bar.
    pub(crate) fn fails(&self) -> bool {
        match self.bar.side {
            Side::Over => self.figure > self.bar.bound,
            Side::Under => self.figure < self.bar.bound,
        }
    }
}

/// Prints the bar, and the figure if it fails.
impl Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (figure, bound) = (self.figure, self.bar.bound);
        match (self.fails(), self.bar.side) {
            (true, Side::Over) => write!(f, "{figure:.2} is over the bar of {bound:.2}")?,
            (true, Side::Under) => write!(f, "{figure:.2} is under the bar of {bound:.2}")?,
            (false, Side::Over) => write!(f, "bar {bound:.2}")?,
            (false, Side::Under) => write!(f, "bar at least {bound:.2}")?,
        }
        match self.bar.baseline {
            Some(baseline) => write!(f, " x {baseline}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn of(low: f64, median: f64) -> Summary {
        Summary {
            low,
            median,
            high: 100.0,
        }
    }

    #[test]
    fn a_bar_is_for_its_figure() {
        let one = Bar::of_figure("flat", "add", 5.0);
        assert!(one.is_for("flat", "add"));
        assert!(!one.is_for("Lua", "add") && !one.is_for("flat", "remove"));
        let each = Bar::of_each_figure("times", 2.0);
        assert!(each.is_for("a flood", "times") && !each.is_for("a flood", "p99"));
    }

    #[test]
    fn the_lowest_figure_counts() {
        let bar = Bar::of_figure("flat", "add", 5.0);
        let busy = bar.judge(of(4.9, 9.0), None).expect("it has a figure");
        assert!(!busy.fails());
        assert_eq!(busy.to_string(), "bar 5.00");
        let slow = bar.judge(of(5.1, 5.2), None).expect("it has a figure");
        assert!(slow.fails());
        assert_eq!(slow.to_string(), "5.10 is over the bar of 5.00");
    }

    #[test]
    fn a_ratio_counts_once_there_is_a_baseline() {
        let bar = Bar::of_ratio("server.call", "time", "Lua", 1.3);
        assert_eq!(bar.judge(of(1.0, 2.0), None), None);
        assert_eq!(bar.judge(of(1.0, 2.0), Some(of(0.0, 0.0))), None);
        let judge = |low| bar.judge(of(low, 3.0), Some(of(1.0, 2.0)));
        assert!(!judge(1.2).expect("both are measured").fails());
        let over = judge(1.4).expect("both are measured");
        assert_eq!(over.to_string(), "1.40 is over the bar of 1.30 x Lua");
    }

    #[test]
    fn a_rate_counts_by_its_highest_figure() {
        let bar = Bar::of_least_ratio("Lua", "requests", "axum", 0.5);
        let base = Summary {
            low: 50.0,
            median: 80.0,
            high: 100.0,
        };
        let judge = |high| {
            let own = Summary {
                low: 1.0,
                median: 30.0,
                high,
            };
            bar.judge(own, Some(base)).expect("both are measured")
        };
        assert!(!judge(51.0).fails());
        assert_eq!(judge(51.0).to_string(), "bar at least 0.50 x axum");
        assert!(judge(49.0).fails());
        assert_eq!(
            judge(49.0).to_string(),
            "0.49 is under the bar of 0.50 x axum"
        );
        assert_eq!(bar.judge(base, None), None);
    }
}
