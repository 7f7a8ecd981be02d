//! The changes that calls make.

use warren_kernel::Error;

use super::kind::MetricKind;
use crate::request::Arguments;

/// A change of one series. Its number is finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    /// Adds to a counter.
    Count(f64),
    /// Adds to a gauge.
    Add(f64),
    /// Sets a gauge.
    Set(f64),
    /// Adds a value to a histogram.
    Observe(f64),
}

/// Reads the number of a call, if it has one.
pub(super) type Reader = fn(&mut Arguments<'_>) -> Result<Change, Error>;

/// Returns the reader of an operation; `None` for an unknown name.
pub(super) fn reader(operation: &str) -> Option<Reader> {
    Some(match operation {
        "counter_inc" => |_| Ok(Change::Count(1.0)),
        "counter_add" => |arguments| match number(arguments)? {
            n if n < 0.0 => Err(Error::invalid("n: a counter does not fall; use a gauge")),
            n => Ok(Change::Count(n)),
        },
        "gauge_inc" => |_| Ok(Change::Add(1.0)),
        "gauge_dec" => |_| Ok(Change::Add(-1.0)),
        "gauge_set" => |arguments| Ok(Change::Set(number(arguments)?)),
        "histogram" => |arguments| Ok(Change::Observe(number(arguments)?)),
        _ => return None,
    })
}

impl Change {
    pub(super) fn kind(self) -> MetricKind {
        match self {
            Change::Count(_) => MetricKind::Counter,
            Change::Add(_) | Change::Set(_) => MetricKind::Gauge,
            Change::Observe(_) => MetricKind::Histogram,
        }
    }
}

fn number(arguments: &mut Arguments<'_>) -> Result<f64, Error> {
    let n = arguments.number("n")?;
    if n.is_finite() {
        Ok(n)
    } else {
        Err(Error::invalid(
            "n: expected a finite number, not NaN or an infinity",
        ))
    }
}
