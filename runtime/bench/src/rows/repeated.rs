//! Rows whose contenders repeat one operation, where the figure is the time of
//! each.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use super::name;
use crate::bench::Bench;
use crate::erlang::{self, Erlang};
use crate::guests::Arguments;
use crate::measure::{Contender, Metric, Row};
use crate::node::{BenchNode, Run};
use crate::tasks::Tasks;

/// An unfinished row: its guests share a node.
pub(super) struct Repeated<'a> {
    bench: &'a Bench,
    node: Rc<BenchNode>,
    /// Divisor of each time.
    times: f64,
    contenders: Vec<Contender<'a>>,
}

impl<'a> Repeated<'a> {
    /// Returns a row without contenders. Each sample repeats the operation so
    /// many times.
    pub(super) fn new(bench: &'a Bench, times: u32) -> Result<Repeated<'a>> {
        let node = Rc::new(BenchNode::start(&bench.cache())?);
        Ok(Repeated::on(bench, node, times))
    }

    /// Returns a row on a certain node.
    pub(super) fn on(bench: &'a Bench, node: Rc<BenchNode>, times: u32) -> Repeated<'a> {
        Repeated {
            bench,
            node,
            times: f64::from(times),
            contenders: Vec::new(),
        }
    }

    /// Adds a program; its time is from its spawn until its end is known.
    pub(super) fn program(
        self,
        name: &'static str,
        definition: &'static str,
        arguments: Arguments,
    ) -> Self {
        self.sampled(name, move |node| {
            Ok(node.run(definition, &arguments)?.elapsed)
        })
    }

    /// Adds a program that this machine does not have.
    pub(super) fn missing(mut self, name: &'static str, reason: &'static str) -> Self {
        self.contenders.push(Contender::missing(name, reason));
        self
    }

    /// Adds a program that measures itself and returns nanoseconds.
    pub(super) fn stopwatch(
        self,
        name: &'static str,
        definition: &'static str,
        arguments: Arguments,
    ) -> Self {
        self.sampled(name, move |node| {
            nanoseconds(&node.run(definition, &arguments)?)
        })
    }

    /// Adds a function that returns its time on the node.
    pub(super) fn sampled(
        mut self,
        name: &'static str,
        sample: impl Fn(&BenchNode) -> Result<Duration> + 'a,
    ) -> Self {
        let (node, times) = (Rc::clone(&self.node), self.times);
        self.contenders.push(Contender::ready(name, move || {
            Ok(vec![microseconds(sample(&node)?) / times])
        }));
        self
    }

    /// Adds the baseline of tokio tasks.
    pub(super) fn tokio(
        mut self,
        sample: impl Fn(&Tasks) -> Result<Duration> + 'a,
    ) -> Result<Self> {
        let (tasks, times) = (Tasks::new()?, self.times);
        self.contenders.push(Contender::ready(name::TOKIO, move || {
            Ok(vec![microseconds(sample(&tasks)?) / times])
        }));
        Ok(self)
    }

    /// Adds the baseline of Erlang, by a command of `guests/warren_bench.erl`.
    pub(super) fn erlang(self, command: String) -> Result<Self> {
        self.erlang_with(&[], command)
    }

    /// Adds the baseline of Erlang with options of `erl`.
    pub(super) fn erlang_with(mut self, options: &[&str], command: String) -> Result<Self> {
        let times = self.times;
        let started = Erlang::start(self.bench.scratch(), options)?;
        self.contenders.push(match started {
            Some(mut erlang) => Contender::ready(name::ERLANG, move || {
                Ok(vec![erlang.nanoseconds(&command)? / 1e3 / times])
            }),
            None => Contender::missing(name::ERLANG, erlang::MISSING),
        });
        Ok(self)
    }

    /// Returns the row, measured in `rounds` rounds after one that is dropped.
    pub(super) fn row(
        self,
        name: &'static str,
        metrics: &'static [Metric],
        rounds: usize,
    ) -> Row<'a> {
        Row {
            name,
            metrics,
            contenders: self.contenders,
            baselines: &[name::TOKIO, name::ERLANG],
            warm_ups: 1,
            rounds: self.bench.amount(rounds, 1),
        }
    }
}

/// Returns the nanoseconds that a program returned.
pub(super) fn nanoseconds(run: &Run) -> Result<Duration> {
    Ok(Duration::from_nanos(u64::try_from(run.integer()?)?))
}

/// Converts a duration to the table's usual unit.
pub(super) fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// Returns the metric of most rows: microseconds, compared with the baselines.
pub(super) const fn time(name: &'static str) -> Metric {
    Metric {
        name,
        unit: "us",
        compared: true,
    }
}
