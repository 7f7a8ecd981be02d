//! The cost of Lua itself: programs that use nothing but the language, beside
//! the same Lua built for this machine.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::Bench;
use crate::guests::cpu_program;
use crate::lua_program::{self, Class, WithBacktraces};
use crate::measure::{Contender, Metric, Row};
use crate::native_lua::NativeLua;
use crate::node::BenchNode;

pub(super) const CPU: &str = "lua-cpu";
pub(super) const SWITCHES: &str = "lua-switches";

/// A program and its amount of work: some 30 ms for native Lua.
type Program = (&'static str, u32);

const CPU_PROGRAMS: &[Program] = &[
    ("fib", 28),
    ("n-body", 12_000),
    ("richards", 1),
    ("queens", 600),
    ("permute", 40),
    ("strings", 6_000),
    ("tables", 1_500),
    ("sort", 16_000),
    ("json", 25),
];

const CPU_METRICS: &[Metric] = &[
    milliseconds("fib"),
    milliseconds("n-body"),
    milliseconds("richards"),
    milliseconds("queens"),
    milliseconds("permute"),
    milliseconds("strings"),
    milliseconds("tables"),
    milliseconds("sort"),
    milliseconds("json"),
    milliseconds("geometric mean of all"),
];

const SWITCH_PROGRAMS: &[Program] = &[
    ("pcall-error", 100_000),
    ("coroutines", 150_000),
    ("building", 2_000),
    ("gsub", 600),
    ("scans", 100),
];

const SWITCH_METRICS: &[Metric] = &[
    milliseconds("pcall with an error"),
    milliseconds("coroutine switches"),
    milliseconds("string building"),
    milliseconds("gsub with a function"),
    milliseconds("scans of strings"),
];

const NATIVE: &str = "native Lua";

pub(super) fn prepare_cpu(bench: &Bench) -> Result<Row<'_>> {
    let programs = Programs::new(bench, CPU_PROGRAMS)?;
    Ok(Row {
        name: CPU,
        metrics: CPU_METRICS,
        contenders: vec![
            programs.process("Lua, fast", Class::Fast, with_mean),
            programs.process("Lua, dense", Class::Dense, with_mean),
            programs.native(with_mean)?,
        ],
        baselines: &[NATIVE],
        warm_ups: 1,
        rounds: bench.amount(7, 1),
    })
}

pub(super) fn prepare_switches(bench: &Bench) -> Result<Row<'_>> {
    let programs = Programs::new(bench, SWITCH_PROGRAMS)?;
    let backtraces = programs.clone();
    Ok(Row {
        name: SWITCHES,
        metrics: SWITCH_METRICS,
        contenders: vec![
            programs.process("Lua, fast", Class::Fast, unchanged),
            programs.process("Lua, dense", Class::Dense, unchanged),
            Contender::ready("RUST_BACKTRACE=1", move || {
                let measure = |(name, n)| WithBacktraces::measure(name, n, &bench.cache());
                backtraces.each(measure)
            }),
            programs.native(unchanged)?,
        ],
        baselines: &[NATIVE],
        warm_ups: 1,
        rounds: bench.amount(7, 1),
    })
}

/// Programs, and each one's result of its first run: all runs must agree.
#[derive(Clone)]
struct Programs<'a> {
    bench: &'a Bench,
    node: Rc<BenchNode>,
    programs: &'static [Program],
    results: Rc<RefCell<Vec<(&'static str, i64)>>>,
}

impl<'a> Programs<'a> {
    fn new(bench: &'a Bench, programs: &'static [Program]) -> Result<Programs<'a>> {
        Ok(Programs {
            bench,
            node: Rc::new(BenchNode::start(&bench.cache())?),
            programs,
            results: Rc::default(),
        })
    }

    fn process(
        &self,
        name: &'static str,
        class: Class,
        figures: fn(Vec<f64>) -> Vec<f64>,
    ) -> Contender<'a> {
        let own = self.clone();
        Contender::ready(name, move || {
            let measure = |(name, n)| {
                let (elapsed, result) = lua_program::run(&own.node, class, name, n)?;
                own.agree(name, result)?;
                Ok(elapsed)
            };
            Ok(figures(own.each(measure)?))
        })
    }

    fn native(&self, figures: fn(Vec<f64>) -> Vec<f64>) -> Result<Contender<'a>> {
        let own = self.clone();
        let mut lua = NativeLua::new()?;
        Ok(Contender::ready(NATIVE, move || {
            let measure = |(name, n): Program| {
                let (elapsed, result) = lua.run(cpu_program(name)?, &[n.into()])?;
                own.agree(name, result)?;
                Ok(elapsed)
            };
            Ok(figures(own.each(measure)?))
        }))
    }

    /// Returns the milliseconds of each program.
    fn each(&self, mut measure: impl FnMut(Program) -> Result<Duration>) -> Result<Vec<f64>> {
        let programs = self.programs.iter();
        programs
            .map(|(name, n)| {
                let n = self.bench.amount(*n, 2);
                Ok(measure((name, n))?.as_secs_f64() * 1e3)
            })
            .collect()
    }

    fn agree(&self, name: &'static str, result: i64) -> Result<()> {
        let mut results = self.results.borrow_mut();
        match results.iter().find(|(known, _)| *known == name) {
            Some((_, known)) => ensure!(*known == result, "{name} gave {known} and {result}"),
            None => results.push((name, result)),
        }
        Ok(())
    }
}

const fn milliseconds(name: &'static str) -> Metric {
    Metric {
        name,
        unit: "ms",
        compared: true,
    }
}

fn unchanged(figures: Vec<f64>) -> Vec<f64> {
    figures
}

/// Adds the mean. The ratio of two means is the mean of the ratios.
fn with_mean(mut figures: Vec<f64>) -> Vec<f64> {
    let logarithms: f64 = figures.iter().map(|figure| figure.ln()).sum();
    figures.push((logarithms / figures.len() as f64).exp());
    figures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_named_like_their_programs() {
        assert_eq!(CPU_METRICS.len(), CPU_PROGRAMS.len() + 1);
        for (metric, (program, _)) in CPU_METRICS.iter().zip(CPU_PROGRAMS) {
            assert_eq!(metric.name, *program);
        }
        assert_eq!(SWITCH_METRICS.len(), SWITCH_PROGRAMS.len());
    }

    #[test]
    fn the_mean_is_geometric() {
        let figures = with_mean(vec![1.0, 4.0, 16.0]);
        assert_eq!(figures.len(), 4);
        assert!((figures[3] - 4.0).abs() < 1e-9);
    }
}
