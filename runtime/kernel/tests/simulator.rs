//! Long random lives of small worlds. Each comes from one seed, so it can be
//! run again:
//!
//! ```text
//! cargo test -p warren-kernel --test simulator -- --seed 7 --seeds 1000 --steps 500
//! ```
//!
//! This command runs the worlds of the seeds 7 to 1006, 500 steps each. Without
//! arguments the simulator runs enough for a test. If the kernel and the model
//! disagree, the simulator names the seed and the step, prints the last steps,
//! and says how to run them again.

mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use world::World;
use world::op::{Op, op};

struct Plan {
    seed: u64,
    seeds: u64,
    steps: usize,
}

/// Number of the last steps that a failure shows.
const SHOWN: usize = 20;

fn main() -> ExitCode {
    // The first question of test runners.
    if std::env::args().any(|argument| argument == "--list") {
        if !std::env::args().any(|argument| argument == "--ignored") {
            println!("simulator: test");
        }
        return ExitCode::SUCCESS;
    }
    let plan = match Plan::from_arguments(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let begin = Instant::now();
    let mut signals = 0;
    for seed in plan.seed..plan.seed.saturating_add(plan.seeds) {
        match simulate(seed, plan.steps) {
            Ok(sent) => signals += sent,
            Err(step) => {
                eprintln!(
                    "seed {seed} failed at step {step}; run it again with\n  \
                     cargo xtask simulate --seed {seed} --steps {}",
                    plan.steps
                );
                return ExitCode::FAILURE;
            }
        }
    }
    println!(
        "simulator: {} seeds from {}, {} steps each, {signals} signals: kernel and model agree ({:.1} s)",
        plan.seeds,
        plan.seed,
        plan.steps,
        begin.elapsed().as_secs_f64()
    );
    ExitCode::SUCCESS
}

/// Lives one world. Returns the number of signals among the steps; fails with
/// the step at which kernel and model disagree.
fn simulate(seed: u64, steps: usize) -> Result<usize, usize> {
    let mut draws = Draws::new(seed);
    let mut taken: Vec<Op> = Vec::with_capacity(steps);
    let lived = catch_unwind(AssertUnwindSafe(|| {
        let mut world = World::new();
        for _ in 0..steps {
            taken.push(draws.next());
            if let Some(op) = taken.last() {
                world.step(op);
            }
        }
        world.end();
    }));
    let signals = taken.iter().filter(|&op| is_signal(op)).count();
    lived.map(|()| signals).map_err(|_| {
        for (step, op) in taken.iter().enumerate().rev().take(SHOWN).rev() {
            eprintln!("step {}: {op:?}", step + 1);
        }
        taken.len()
    })
}

/// Returns whether a step is one process's effect on another, as opposed to an
/// operation on its own queues.
fn is_signal(op: &Op) -> bool {
    !matches!(
        op,
        Op::TrapLinks { .. }
            | Op::Inbox { .. }
            | Op::Events { .. }
            | Op::Listen { .. }
            | Op::Unlisten { .. }
            | Op::Receive { .. }
            | Op::Upgrade { .. }
    )
}

/// The steps of one seed.
struct Draws {
    runner: TestRunner,
    op: proptest::strategy::BoxedStrategy<Op>,
}

impl Draws {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        Draws {
            runner: TestRunner::new_with_rng(Config::default(), rng),
            op: op().boxed(),
        }
    }

    fn next(&mut self) -> Op {
        match self.op.new_tree(&mut self.runner) {
            Ok(tree) => tree.current(),
            Err(reason) => panic!("no strategy here rejects anything: {reason}"),
        }
    }
}

impl Plan {
    /// Reads the simulator's arguments and skips those for a test harness.
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut seed, mut seeds, mut steps) = (None, None, None);
        while let Some(argument) = arguments.next() {
            let place = match argument.as_str() {
                "--seed" => &mut seed,
                "--seeds" => &mut seeds,
                "--steps" => &mut steps,
                _ => continue,
            };
            let value = arguments.next().unwrap_or_default();
            let number = value
                .parse::<u64>()
                .map_err(|_| format!("{argument} wants a number, not {value:?}"))?;
            *place = Some(number);
        }
        Ok(Plan {
            // A seed without a count is a seed to run again.
            seeds: seeds.unwrap_or(if seed.is_some() { 1 } else { 200 }),
            seed: seed.unwrap_or(1),
            steps: steps.unwrap_or(400) as usize,
        })
    }
}
