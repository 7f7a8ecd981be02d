//! The value of one series.

use warren_kernel::Error;

use super::change::Change;
use super::kind::MetricKind;

/// The upper bounds of the buckets of a histogram, beside the last one, which takes the
/// rest. They suit seconds.
pub const BUCKETS: [f64; 11] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// Of a counter or gauge.
    Number(f64),
    /// Of a histogram.
    Histogram {
        /// The sum of all values.
        sum: f64,
        /// The number of all values.
        count: u64,
        /// The number of values in each bucket of [`BUCKETS`], and in the last one. Each
        /// value is in one bucket.
        buckets: Box<[u64; BUCKETS.len() + 1]>,
    },
}

impl MetricValue {
    /// Returns the value of a new series.
    pub(super) fn new(kind: MetricKind) -> MetricValue {
        match kind {
            MetricKind::Counter | MetricKind::Gauge => MetricValue::Number(0.0),
            MetricKind::Histogram => MetricValue::Histogram {
                sum: 0.0,
                count: 0,
                buckets: Box::default(),
            },
        }
    }

    /// Applies a change. Changes of another type do nothing, which the key of the series
    /// excludes.
    ///
    /// # Errors
    ///
    /// `Invalid` if the sum would not be finite any more.
    pub(super) fn apply(&mut self, change: Change) -> Result<(), Error> {
        match (self, change) {
            (MetricValue::Number(value), Change::Count(n) | Change::Add(n)) => {
                *value = finite(*value + n)?;
            }
            (MetricValue::Number(value), Change::Set(n)) => *value = n,
            (
                MetricValue::Histogram {
                    sum,
                    count,
                    buckets,
                },
                Change::Observe(n),
            ) => {
                *sum = finite(*sum + n)?;
                *count += 1;
                let bucket = BUCKETS.iter().position(|bound| n <= *bound);
                buckets[bucket.unwrap_or(BUCKETS.len())] += 1;
            }
            _ => {}
        }
        Ok(())
    }
}

fn finite(sum: f64) -> Result<f64, Error> {
    if sum.is_finite() {
        Ok(sum)
    } else {
        Err(Error::invalid("n: the sum would be too large for a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_in_the_first_bucket_that_holds_it() {
        let mut value = MetricValue::new(MetricKind::Histogram);
        for n in [-1.0, 0.005, 0.006, 10.0, 11.0] {
            value.apply(Change::Observe(n)).unwrap();
        }
        let MetricValue::Histogram {
            sum,
            count,
            buckets,
        } = value
        else {
            panic!("no histogram");
        };
        assert_eq!((sum, count), (-1.0 + 0.005 + 0.006 + 10.0 + 11.0, 5));
        assert_eq!(*buckets, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn a_sum_stays_finite() {
        for (kind, change) in [
            (MetricKind::Counter, Change::Count(f64::MAX)),
            (MetricKind::Gauge, Change::Add(f64::MAX)),
            (MetricKind::Histogram, Change::Observe(f64::MAX)),
        ] {
            let mut value = MetricValue::new(kind);
            value.apply(change).unwrap();
            let before = value.clone();
            assert!(value.apply(change).is_err());
            assert_eq!(value, before);
        }
    }
}
