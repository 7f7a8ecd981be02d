//! The results as a table or as JSON.

use std::fmt::{self, Display};

use serde_json::{Map, Value, json};

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
            let measured = row
                .contenders
                .iter()
                .find(|other| other.name == *baseline)?;
            let summary = measured.summaries.as_ref().ok()?.get(metric)?;
            // A baseline of nothing gives no ratio.
            (summary.median > 0.0).then(|| (*baseline, median / summary.median))
        })
        .collect()
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
    use crate::measure::MeasuredContender;

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
        assert_eq!(lines[3], "flat 3.00 us 1.50 .. 6.00 1.50 x tokio");
        assert!(
            lines[4].starts_with("tokio") && !lines[4].contains('x'),
            "{text}"
        );
        assert_eq!(lines[5], "Erlang not measured: no erl");
    }

    #[test]
    fn json_says_the_same() {
        let json = report().to_json();
        assert_eq!(json["lines"][0]["ratios"], json!({ "tokio": 1.5 }));
        assert_eq!(json["lines"][0]["median"], 3.0);
        assert_eq!(json["lines"][2]["missing"], "no erl");
    }
}
