//! The figures of two builds, side by side.

use std::fmt::{self, Display};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// One of the two builds that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The revision.
    Before,
    /// The present tree.
    Now,
}

impl Side {
    /// Returns the name in messages and in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Side::Before => "before",
            Side::Now => "now",
        }
    }
}

/// The medians of all turns of both builds, in the order in which they came first.
#[derive(Debug, Default)]
pub(super) struct Figures {
    lines: Vec<Line>,
}

/// One figure of one contender.
#[derive(Debug)]
struct Line {
    row: String,
    contender: String,
    metric: String,
    unit: String,
    /// A median for each turn.
    before: Vec<f64>,
    now: Vec<f64>,
}

impl Figures {
    /// Adds the figures of one turn: the JSON that the benchmarks print. A contender that was
    /// not measured adds nothing.
    ///
    /// # Errors
    /// The JSON is not that of the benchmarks.
    pub(super) fn add(&mut self, side: Side, report: &Value) -> Result<()> {
        let lines = report["lines"].as_array();
        for line in lines.context("the benchmarks printed no lines")? {
            let Some(median) = line["median"].as_f64() else {
                continue;
            };
            let text = |key: &str| {
                let text = line[key].as_str().map(str::to_owned);
                text.with_context(|| format!("a line of the benchmarks has no `{key}`"))
            };
            let line = self.line(
                text("row")?,
                text("contender")?,
                text("metric")?,
                text("unit")?,
            );
            match side {
                Side::Before => line.before.push(median),
                Side::Now => line.now.push(median),
            }
        }
        Ok(())
    }

    fn line(&mut self, row: String, contender: String, metric: String, unit: String) -> &mut Line {
        let is_it =
            |line: &Line| (&line.row, &line.contender, &line.metric) == (&row, &contender, &metric);
        let place = self.lines.iter().position(is_it).unwrap_or_else(|| {
            self.lines.push(Line {
                row,
                contender,
                metric,
                unit,
                before: Vec::new(),
                now: Vec::new(),
            });
            self.lines.len() - 1
        });
        &mut self.lines[place]
    }

    /// Returns the figures as JSON.
    pub(super) fn to_json(&self) -> Value {
        let lines = self.lines.iter().map(|line| {
            json!({
                "row": line.row,
                "contender": line.contender,
                "metric": line.metric,
                "unit": line.unit,
                "before": line.before,
                "now": line.now,
                "change": line.change(),
                "apart": line.is_apart(),
            })
        });
        json!({ "lines": lines.collect::<Vec<_>>() })
    }
}

impl Line {
    /// Returns the change of the median as a part of the figure before, if both builds have
    /// the figure.
    fn change(&self) -> Option<f64> {
        let (before, now) = (median(&self.before)?, median(&self.now)?);
        (before > 0.0).then(|| now / before - 1.0)
    }

    /// Returns true if all turns of one build are beyond all turns of the other.
    fn is_apart(&self) -> bool {
        match (range(&self.before), range(&self.now)) {
            (Some(before), Some(now)) => before.1 < now.0 || now.1 < before.0,
            _ => false,
        }
    }
}

impl Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "medians of both builds in turns; * marks figures whose turns do not overlap"
        )?;
        let mut last = None;
        for line in &self.lines {
            let heading = (&line.row, &line.metric);
            if last != Some(heading) {
                writeln!(f, "\n{}: {} ({})", line.row, line.metric, line.unit)?;
                writeln!(
                    f,
                    "  {:16}{:>10} {:>10}   change   turns",
                    "", "before", "now"
                )?;
                last = Some(heading);
            }
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

impl Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:16}", self.contender)?;
        for turns in [&self.before, &self.now] {
            match median(turns) {
                Some(figure) => write!(f, "{figure:>10.digits$} ", digits = digits(figure))?,
                None => write!(f, "{:>10} ", "-")?,
            }
        }
        if let Some(change) = self.change() {
            let mark = if self.is_apart() { '*' } else { ' ' };
            write!(f, "{:>+6.1} % {mark}", change * 100.0)?;
        }
        let ranges = [&self.before, &self.now].map(|turns| range(turns));
        if let [Some(before), Some(now)] = ranges {
            let digits = digits(before.0);
            write!(
                f,
                "  {:.digits$} .. {:.digits$}, {:.digits$} .. {:.digits$}",
                before.0, before.1, now.0, now.1
            )?;
        }
        Ok(())
    }
}

fn median(turns: &[f64]) -> Option<f64> {
    let mut sorted = turns.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(sorted.len() / 2 - 1)?;
    Some(f64::midpoint(lower, upper))
}

fn range(turns: &[f64]) -> Option<(f64, f64)> {
    let low = turns.iter().copied().min_by(f64::total_cmp)?;
    let high = turns.iter().copied().max_by(f64::total_cmp)?;
    Some((low, high))
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

    fn report(contender: &str, median: f64) -> Value {
        json!({ "lines": [
            { "row": "spawn", "contender": contender, "metric": "time", "unit": "us", "median": median },
            { "row": "spawn", "contender": "Erlang", "missing": "no erl" },
        ] })
    }

    fn figures() -> Figures {
        let mut figures = Figures::default();
        for (before, now) in [(2.0, 1.0), (2.2, 1.1), (1.8, 1.2)] {
            figures.add(Side::Before, &report("flat", before)).unwrap();
            figures.add(Side::Now, &report("flat", now)).unwrap();
        }
        figures.add(Side::Now, &report("Lua", 3.0)).unwrap();
        figures
    }

    #[test]
    fn each_figure_stands_beside_that_before() {
        let text = figures().to_string();
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines: Vec<_> = text.lines().map(words).collect();
        assert_eq!(lines[2], "spawn: time (us)");
        assert_eq!(
            lines[4],
            "flat 2.00 1.10 -45.0 % * 1.80 .. 2.20, 1.00 .. 1.20"
        );
        assert_eq!(lines[5], "Lua - 3.00");
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn turns_that_overlap_are_not_marked() {
        let mut figures = Figures::default();
        for (before, now) in [(2.0, 1.9), (1.5, 1.6)] {
            figures.add(Side::Before, &report("flat", before)).unwrap();
            figures.add(Side::Now, &report("flat", now)).unwrap();
        }
        assert!(!figures.lines[0].is_apart());
        assert!(!figures.to_string().contains("% *"));
        assert_eq!(figures.to_json()["lines"][0]["apart"], false);
    }

    #[test]
    fn json_has_each_turn() {
        let json = figures().to_json();
        assert_eq!(json["lines"][0]["before"], json!([2.0, 2.2, 1.8]));
        assert_eq!(json["lines"][0]["apart"], true);
        assert_eq!(json["lines"][1]["change"], Value::Null);
    }

    #[test]
    fn other_json_is_refused() {
        assert!(Figures::default().add(Side::Now, &json!({})).is_err());
        let line = json!({ "lines": [{ "median": 1.0 }] });
        assert!(Figures::default().add(Side::Now, &line).is_err());
    }
}
