//! The command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Parser;

use crate::counted::Operation;
use crate::crowd::{Crowd, Kind};
use crate::lua_program::WithBacktraces;
use crate::rows::{self, RowKind};
use crate::serving::{Server, Serving, Threads};

/// Measures the costs of warren, each figure beside its baseline in the same
/// run.
#[derive(Debug, Parser)]
#[command(name = "warren-bench", version)]
pub(crate) struct Args {
    /// The rows to measure; by default all usual ones
    #[arg(value_name = "ROW")]
    rows: Vec<String>,
    /// List the rows and stop
    #[arg(long)]
    list: bool,
    /// Do little work, to test the benchmarks themselves: the figures mean
    /// nothing
    #[arg(long)]
    quick: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,

    /// Measure only this contender of each row, for example for a profiler
    #[arg(long, value_name = "NAME")]
    contender: Option<String>,

    /// Hold a crowd of this kind and print its memory; started by a measurement
    /// to have an OS process of its own
    #[arg(long, hide = true, value_name = "KIND", requires = "cache")]
    crowd: Option<Kind>,
    /// Number of processes in that crowd
    #[arg(long, hide = true, default_value_t = 1_000)]
    processes: u32,
    /// Number of messages each of them answers
    #[arg(long, hide = true, default_value_t = 1)]
    messages: u32,
    /// Park them as soon as they wait
    #[arg(long, hide = true)]
    parks: bool,
    /// Do this many times and print nothing: the regression guard counts the
    /// instructions
    #[arg(long, hide = true, value_name = "OPERATION", requires = "cache")]
    counted: Option<Operation>,
    /// Number of repetitions
    #[arg(long, hide = true, default_value_t = 1)]
    times: u32,
    /// Run this Lua program with this argument and print the nanoseconds
    #[arg(long, hide = true, num_args = 2, value_names = ["NAME", "N"], requires = "cache")]
    lua: Vec<String>,
    /// Answer requests over HTTP with this server until killed
    #[arg(long, hide = true, value_name = "SERVER", requires = "cache")]
    serve: Option<Server>,
    /// Number of threads for its connections; 0 for the one that waits for its end
    #[arg(long, hide = true, default_value_t = 0)]
    threads: usize,
    /// The directory for compiled code
    #[arg(long, hide = true)]
    cache: Option<PathBuf>,
}

/// The requested action.
pub(crate) enum Action {
    /// List the rows.
    List,
    /// Hold a crowd.
    Crowd(Crowd),
    /// Do one operation many times.
    Counted {
        operation: Operation,
        times: u32,
        cache: PathBuf,
    },
    /// Run a Lua program.
    Lua(WithBacktraces),
    /// Serve HTTP.
    Serve(Serving),
    /// Measure these rows.
    Measure {
        rows: Vec<&'static RowKind>,
        contender: Option<String>,
        quick: bool,
        json: bool,
    },
}

impl Args {
    /// Returns the requested action.
    ///
    /// # Errors
    /// A row that does not exist.
    pub(crate) fn action(self) -> Result<Action> {
        if self.list {
            return Ok(Action::List);
        }
        if let Some(cache) = self.cache {
            if let Some(kind) = self.crowd {
                return Ok(Action::Crowd(Crowd {
                    kind,
                    processes: self.processes,
                    messages: self.messages,
                    cache,
                    parks: self.parks,
                }));
            }
            if let Some(operation) = self.counted {
                return Ok(Action::Counted {
                    operation,
                    times: self.times,
                    cache,
                });
            }
            if let Some(server) = self.serve {
                return Ok(Action::Serve(Serving {
                    server,
                    threads: Threads::of(self.threads),
                    cache,
                }));
            }
            if let [name, n] = &*self.lua {
                return Ok(Action::Lua(WithBacktraces {
                    name: name.clone(),
                    n: n.parse().context("N is a number")?,
                    cache,
                }));
            }
        }
        let mut rows = Vec::new();
        for name in &self.rows {
            match rows::ALL.iter().find(|row| row.name == name) {
                Some(row) => rows.push(row),
                None => {
                    let names: Vec<_> = rows::ALL.iter().map(|row| row.name).collect();
                    bail!("no row is called {name}; there are {}", names.join(", "));
                }
            }
        }
        if rows.is_empty() {
            rows.extend(rows::ALL.iter().filter(|row| row.usual));
        }
        Ok(Action::Measure {
            rows,
            contender: self.contender,
            quick: self.quick,
            json: self.json,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(words: &[&str]) -> Result<Action> {
        Args::try_parse_from([&["warren-bench"], words].concat())?.action()
    }

    #[test]
    fn rows_are_selected_by_name() {
        let Ok(Action::Measure {
            rows, quick, json, ..
        }) = action(&["memory", "spawn", "--json"])
        else {
            panic!("rows are to be measured");
        };
        let names: Vec<_> = rows.iter().map(|row| row.name).collect();
        assert_eq!(names, ["memory", "spawn"]);
        assert!(!quick && json);
    }

    #[test]
    fn all_usual_rows_are_measured_where_none_is_named() {
        let Ok(Action::Measure { rows, .. }) = action(&["--quick"]) else {
            panic!("rows are to be measured");
        };
        assert!(rows.iter().all(|row| row.usual));
        assert!(rows.iter().any(|row| row.name == "round-trip"));
        assert!(rows.len() < rows::ALL.len());
    }

    #[test]
    fn an_unknown_row_is_refused_with_those_there_are() {
        let error = action(&["memroy"]).err().expect("there is no such row");
        let message = error.to_string();
        assert!(
            message.contains("memroy") && message.contains("memory"),
            "{message}"
        );
    }
}
