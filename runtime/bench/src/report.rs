//! The results as a table or as JSON.

use std::fmt::{self, Display};

use serde_json::{Map, Value, json};

use crate::bar::Judged;
use crate::measure::{Measured, Metric};
use crate::statistics::Summary;

/// The figures of a run.
#[derive(Debug)]
pub(crate) struct Report {
    quick: bool,
    cores: usize,
    rows: Vec<Measured>,
}

impl Report {
    /// A report of these rows.
    pub(crate) fn new(quick: bool, rows: Vec<Measured>) -> Report {
        Report {
            quick,
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            rows,
        }
    }

    /// Returns the report as JSON.
    pub(crate) fn to_json(&self) -> Value {
        let lines = self.lines();
        let lines = lines.iter().map(|line| {
            let mut object = Map::new();
            object.insert("row".into(), line.row.row.into());
            object.insert("contender".into(), line.contender.into());
            match &line.figure {
                Figure::Measured {
                    metric,
                    summary,
                    ratios,
                    judged,
                } => {
                    object.insert("metric".into(), metric.name.into());
                    object.insert("unit".into(), metric.unit.into());
                    object.insert("rounds".into(), line.row.rounds.into());
                    object.insert("median".into(), summary.median.into());
                    object.insert("low".into(), summary.low.into());
                    object.insert("high".into(), summary.high.into());
                    let ratios = ratios
                        .iter()
                        .map(|(name, ratio)| ((*name).to_owned(), json!(ratio)));
                    object.insert("ratios".into(), Value::Object(ratios.collect()));
                    if !judged.is_empty() {
                        let bars: Vec<_> = judged.iter().map(Judged::to_string).collect();
                        let fails = judged.iter().any(Judged::fails);
                        object.insert("bars".into(), bars.into());
                        object.insert("fails".into(), fails.into());
                    }
                }
                Figure::Missing(reason) => {
                    object.insert("missing".into(), (*reason).into());
                }
            }
            Value::Object(object)
        });
        json!({
            "cores": self.cores,
            "quick": self.quick,
            "lines": lines.collect::<Vec<_>>(),
        })
    }

    /// Returns a text for each bar that a figure fails. A quick run has none.
    pub(crate) fn failures(&self) -> Vec<String> {
        let mut failures = Vec::new();
        for line in self.lines().iter().filter(|_| !self.quick) {
            let Figure::Measured { metric, judged, .. } = &line.figure else {
                continue;
            };
            for judged in judged.iter().filter(|judged| judged.fails()) {
                failures.push(format!(
                    "{}, {}: {}: {judged}",
                    line.row.row, line.contender, metric.name
                ));
            }
        }
        failures
    }

    fn lines(&self) -> Vec<Line<'_>> {
        self.rows.iter().flat_map(lines).collect()
    }
}

/// A figure and its place.
struct Line<'a> {
    row: &'a Measured,
    contender: &'static str,
    figure: Figure<'a>,
}

enum Figure<'a> {
    Measured {
        metric: Metric,
        summary: Summary,
        /// Ratios to each measured baseline, except to itself.
        ratios: Vec<(&'static str, f64)>,
        /// The bars.
        judged: Vec<Judged>,
    },
    Missing(&'a str),
}

/// Returns the lines of a row, by metric, then by contender.
fn lines(row: &Measured) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for (number, metric) in row.metrics.iter().enumerate() {
        for contender in &row.contenders {
            let figure = match &contender.summaries {
                Ok(summaries) => match summaries.get(number) {
                    Some(summary) => Figure::Measured {
                        metric: *metric,
                        summary: *summary,
                        ratios: ratios(row, number, contender.name, summary.median),
                        judged: judged(row, number, contender.name, *summary),
                    },
                    None => continue,
                },
                // Once is enough.
                Err(reason) if number == 0 => Figure::Missing(reason),
                Err(_) => continue,
            };
            lines.push(Line {
                row,
                contender: contender.name,
                figure,
            });
        }
    }
    lines
}

fn ratios(row: &Measured, metric: usize, own: &str, median: f64) -> Vec<(&'static str, f64)> {
    let compared = row
        .metrics
        .get(metric)
        .is_some_and(|metric| metric.compared);
    let others = row
        .baselines
        .iter()
        .filter(|baseline| compared && **baseline != own);
    others
        .filter_map(|baseline| {
            let summary = summary_of(row, metric, baseline)?;
            // A baseline of nothing gives no ratio.
            (summary.median > 0.0).then(|| (*baseline, median / summary.median))
        })
        .collect()
}

fn judged(row: &Measured, metric: usize, own: &str, summary: Summary) -> Vec<Judged> {
    let name = row.metrics.get(metric).map(|metric| metric.name);
    let bars = row
        .bars
        .iter()
        .filter(|bar| name.is_some_and(|name| bar.is_for(own, name)));
    bars.filter_map(|bar| {
        let baseline = bar.baseline.and_then(|name| summary_of(row, metric, name));
        bar.judge(summary, baseline)
    })
    .collect()
}

fn summary_of(row: &Measured, metric: usize, contender: &str) -> Option<Summary> {
    let measured = row.contenders.iter().find(|one| one.name == contender)?;
    measured.summaries.as_ref().ok()?.get(metric).copied()
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} cores; medians of several rounds, all contenders of a row in turns",
            self.cores
        )?;
        if self.quick {
            writeln!(f, "a quick run: the figures mean nothing")?;
        }
        let mut last = None;
        for line in self.lines() {
            let heading = match &line.figure {
                Figure::Measured { metric, .. } => Some((line.row.row, metric.name)),
                Figure::Missing(_) => None,
            };
            if let Some((row, metric)) = heading.filter(|_| heading != last) {
                writeln!(f, "\n{row}: {metric} (rounds: {})", line.row.rounds)?;
                last = heading;
            }
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:16}", self.contender)?;
        match &self.figure {
            Figure::Measured {
                metric,
                summary,
                ratios,
                judged,
            } => {
                let digits = digits(summary.median);
                write!(
                    f,
                    "{:>9.digits$} {:3}   {:>17}",
                    summary.median,
                    metric.unit,
                    format!("{:.digits$} .. {:.digits$}", summary.low, summary.high),
                )?;
                for (baseline, ratio) in ratios {
                    write!(f, "   {ratio:>5.2} x {baseline}")?;
                }
                for judged in judged {
                    write!(f, "   {judged}")?;
                }
                Ok(())
            }
            Figure::Missing(reason) => write!(f, "not measured: {reason}"),
        }
    }
}

/// Returns the number of decimals that leave about three digits to read.
fn digits(figure: f64) -> usize {
    match figure.abs() {
        ..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bar::Bar;
    use crate::measure::MeasuredContender;

    const BARS: [Bar; 3] = [
        Bar::of_ratio("flat", "time", "tokio", 1.2),
        Bar::of_figure("flat", "time", 9.0),
        Bar::of_figure("tokio", "time", 1.0),
    ];

    fn report() -> Report {
        let contender = |name, median| MeasuredContender {
            name,
            summaries: Ok(vec![Summary {
                median,
                low: median / 2.0,
                high: median * 2.0,
            }]),
        };
        let missing = MeasuredContender {
            name: "Erlang",
            summaries: Err("no erl".into()),
        };
        let row = Measured {
            row: "spawn",
            metrics: &[Metric {
                name: "time",
                unit: "us",
                compared: true,
            }],
            baselines: &["tokio", "Erlang"],
            bars: &BARS,
            rounds: 3,
            contenders: vec![contender("flat", 3.0), contender("tokio", 2.0), missing],
        };
        Report {
            quick: false,
            cores: 2,
            rows: vec![row],
        }
    }

    #[test]
    fn each_figure_stands_beside_its_baselines() {
        let text = report().to_string();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<_> = text.lines().map(words).collect();
        assert_eq!(lines[2], "spawn: time (rounds: 3)");
        assert_eq!(
            lines[3],
            "flat 3.00 us 1.50 .. 6.00 1.50 x tokio 1.50 is over the bar of 1.20 x tokio bar 9.00"
        );
        assert_eq!(lines[4], "tokio 2.00 us 1.00 .. 4.00 bar 1.00");
        assert_eq!(lines[5], "Erlang not measured: no erl");
    }

    #[test]
    fn json_says_the_same() {
        let json = report().to_json();
        assert_eq!(json["lines"][0]["ratios"], json!({ "tokio": 1.5 }));
        assert_eq!(json["lines"][0]["median"], 3.0);
        assert_eq!(json["lines"][0]["fails"], true);
        assert_eq!(json["lines"][0]["bars"][1], "bar 9.00");
        assert_eq!(json["lines"][1]["bars"], json!(["bar 1.00"]));
        assert_eq!(json["lines"][1]["fails"], false);
        assert_eq!(json["lines"][2]["missing"], "no erl");
    }

    #[test]
    fn a_figure_that_fails_its_bar_is_named_unless_the_run_is_quick() {
        assert_eq!(
            report().failures(),
            ["spawn, flat: time: 1.50 is over the bar of 1.20 x tokio"]
        );
        let quick = Report {
            quick: true,
            ..report()
        };
        assert!(quick.failures().is_empty());
    }
}
