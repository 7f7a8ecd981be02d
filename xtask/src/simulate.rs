//! `cargo xtask simulate`: random lives of the kernel, each from its seed.

use anyhow::Result;

use crate::project;
use crate::step::Step;

/// The lives to simulate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plan {
    /// The first seed.
    pub(crate) seed: u64,
    /// Number of seeds, counted up from the first.
    pub(crate) seeds: u64,
    /// Steps of each: signals, receives, exits and so on.
    pub(crate) steps: u64,
}

impl Plan {
    /// The plan of `cargo xtask ci`, before a change is accepted: many short
    /// lives rather than few long ones, since most surprises need a handful of
    /// processes.
    pub(crate) const CI: Plan = Plan {
        seed: 1,
        seeds: 10_000,
        steps: 150,
    };
}

/// Runs the kernel's simulator, with debug assertions.
///
/// # Errors
/// It does not compile, or kernel and model disagree: the seed is printed, and
/// the command to run it again.
pub(crate) fn run(plan: Plan) -> Result<()> {
    let mut command = project::cargo(&project::root());
    command.args(["test", "--quiet", "--locked", "--package", "warren-kernel"]);
    command.args(["--test", "simulator", "--"]);
    for (option, value) in [
        ("--seed", plan.seed),
        ("--seeds", plan.seeds),
        ("--steps", plan.steps),
    ] {
        command.arg(option).arg(value.to_string());
    }
    Step::new(
        "simulator",
        "`cargo xtask simulate` with the seed and steps above runs it again",
        command,
    )
    .run()
}
