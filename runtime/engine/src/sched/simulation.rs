//! The choices of a run that a seed fixes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The choices of one run. Each kind of choice has numbers of its own, so that a program
/// that asks for random bytes does not change the order of its processes.
pub(crate) struct Simulation {
    order: Random,
    bytes: Random,
    /// Absent if processes are not delayed.
    pauses: Option<Pauses>,
}

/// The delays of processes before their operations.
struct Pauses {
    random: Random,
    /// The longest delay of this run, in nanoseconds.
    longest: u64,
}

/// The longest delays, of which a seed chooses one: short ones let processes overtake each
/// other at many places, long ones let timeouts pass.
const LONGEST: [Duration; 4] = [
    Duration::from_micros(10),
    Duration::from_micros(100),
    Duration::from_millis(1),
    Duration::from_millis(10),
];

/// The stop of a process before an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pause {
    None,
    /// Other processes that are ready may go first.
    Yield,
    /// The process goes on after this time.
    Delay(Duration),
}

impl Simulation {
    /// Returns the choices of a seed.
    pub(crate) fn new(seed: u64, delays: bool) -> Simulation {
        let seeds = Random::new(seed);
        let [order, bytes, pauses] = [(); 3].map(|()| Random::new(seeds.next()));
        let pauses = delays.then(|| Pauses {
            longest: duration(LONGEST[pauses.below(LONGEST.len())]),
            random: pauses,
        });
        Simulation {
            order,
            bytes,
            pauses,
        }
    }

    /// Chooses one of `count` ready tasks, by its index.
    pub(crate) fn choose(&self, count: usize) -> usize {
        self.order.below(count)
    }

    /// Chooses the stop of a process before an operation.
    pub(crate) fn pause(&self) -> Pause {
        let Some(pauses) = &self.pauses else {
            return Pause::None;
        };
        match pauses.random.below(8) {
            0..=3 => Pause::None,
            4 | 5 => Pause::Yield,
            _ => {
                let delay = pauses.random.next() % pauses.longest;
                Pause::Delay(Duration::from_nanos(delay + 1))
            }
        }
    }

    /// Fills bytes with numbers for the program.
    pub(crate) fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            let random = self.bytes.next().to_le_bytes();
            piece.copy_from_slice(&random[..piece.len()]);
        }
    }
}

fn duration(duration: Duration) -> u64 {
    warren_kernel::nanoseconds(duration).max(1)
}

/// A row of numbers: SplitMix64, by Steele, Lea and Flood.
struct Random(AtomicU64);

impl Random {
    fn new(seed: u64) -> Random {
        Random(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `count`; 0 if that is 0.
    fn below(&self, count: usize) -> usize {
        let random = u128::from(self.next()) * count as u128;
        // The upper half is below `count`.
        usize::try_from(random >> 64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_choices_again_and_another_one_others() {
        let choices = |seed| {
            let simulation = Simulation::new(seed, true);
            let mut bytes = [0; 13];
            simulation.fill(&mut bytes);
            let pauses: Vec<Pause> = (0..50).map(|_| simulation.pause()).collect();
            let order: Vec<usize> = (0..50).map(|_| simulation.choose(10)).collect();
            assert!(order.iter().all(|index| *index < 10));
            (bytes, pauses, order)
        };
        let first = choices(1);
        assert_eq!(first, choices(1));
        let other = choices(2);
        assert!(first.0 != other.0 && first.1 != other.1 && first.2 != other.2);
        for pause in [Pause::None, Pause::Yield] {
            assert!(first.1.contains(&pause), "{pause:?}");
        }
    }

    #[test]
    fn random_bytes_do_not_change_the_order() {
        let order = |bytes: &mut [u8]| {
            let simulation = Simulation::new(7, false);
            simulation.fill(bytes);
            assert_eq!(simulation.pause(), Pause::None);
            [(); 20].map(|()| simulation.choose(1_000))
        };
        assert_eq!(order(&mut []), order(&mut [0; 100]));
    }

    #[test]
    fn the_numbers_are_those_of_the_algorithm() {
        let random = Random::new(1_234_567);
        let first = [(); 2].map(|()| random.next());
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }
}
