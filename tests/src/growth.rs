//! The growth of a cost with a size: a bound that any machine meets, since both costs are
//! of one run.

use std::time::Duration;

/// Attempts before a growth is judged. The clock of a machine may change between two
/// costs of one attempt, so the median of all attempts counts.
const LEAST_ATTEMPTS: usize = 5;

/// Attempts while the growth is over its bound.
const ATTEMPTS: usize = 21;

/// Asserts that a cost grows in proportion to a size. `cost` takes a size, does the work
/// and returns its time.
///
/// The size grows by 4. A cost in proportion to the size grows by 4, too, a cost in
/// proportion to its square by 16. The bound lies in the middle, at 8.
#[track_caller]
pub fn is_in_proportion(what: &str, small: usize, cost: impl FnMut(usize) -> Duration) {
    is_below(8.0, what, [small, 4 * small], cost);
}

/// Asserts that the cost of the second size is less than `factor` times that of the first.
#[track_caller]
pub fn is_below(factor: f64, what: &str, sizes: [usize; 2], cost: impl FnMut(usize) -> Duration) {
    let ratios = ratios(factor, sizes, cost);
    assert!(
        median(&ratios) < factor,
        "{what}: the cost of {} is {:.1} times that of {}, and should be less than {factor} \
         times; all attempts: {ratios:.1?}",
        sizes[1],
        median(&ratios),
        sizes[0]
    );
}

/// Returns the ratio of the two costs in each attempt, in ascending order.
fn ratios(factor: f64, sizes: [usize; 2], mut cost: impl FnMut(usize) -> Duration) -> Vec<f64> {
    let mut ratios = Vec::new();
    while ratios.len() < LEAST_ATTEMPTS || ratios.len() < ATTEMPTS && median(&ratios) >= factor {
        let [few, many] = sizes.map(|size| cost(size).max(Duration::from_nanos(1)));
        ratios.push(many.as_secs_f64() / few.as_secs_f64());
        ratios.sort_by(f64::total_cmp);
    }
    ratios
}

/// Returns the median of ratios in ascending order; of an even number, the upper one.
fn median(ratios: &[f64]) -> f64 {
    ratios.get(ratios.len() / 2).copied().unwrap_or(f64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nanoseconds: usize) -> Duration {
        Duration::from_nanos(nanoseconds as u64)
    }

    #[test]
    fn disturbed_costs_are_measured_again() {
        let mut calls = 0;
        is_in_proportion("a line with three outliers", 10, |size| {
            calls += 1;
            of(if calls <= 6 && size == 40 {
                9_000
            } else {
                size
            })
        });
        assert_eq!(calls, 14);
    }

    #[test]
    #[should_panic(expected = "a square: the cost of 40 is 16.0 times that of 10")]
    fn a_square_is_found() {
        is_in_proportion("a square", 10, |size| of(size * size));
    }

    #[test]
    #[should_panic(expected = "a disturbed square")]
    fn a_square_is_found_beside_two_disturbed_costs() {
        let mut calls = 0;
        is_in_proportion("a disturbed square", 10, |size| {
            calls += 1;
            of(if calls <= 4 { 9_000 } else { size * size })
        });
    }

    #[test]
    #[should_panic(expected = "a walk over everything")]
    fn a_cost_that_follows_the_size_is_not_flat() {
        is_below(8.0, "a walk over everything", [100, 10_000], |size| {
            of(50 + size)
        });
    }
}
