//! The prompt of `warren repl` and `warren attach`: a process of the program that runs
//! inputs, and the terminal or pipe that they come from.
//!
//! ```text
//!  front ──> Link ──> Session ── message ──> agent.lua, a process of the program
//!    ^                   ^                        │
//!    └──── Said ─────────┴──── capability `prompt`┘
//! ```
//!
//! In `warren attach` the control socket lies between the link and the session.

pub(crate) mod agent;
pub(crate) mod desk;
pub(crate) mod front;
mod help;
mod input;
mod old_code;
mod screen;
pub(crate) mod session;
mod talk;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::report::failure::Failure;

pub(crate) use desk::{Desk, Prompts};
pub(crate) use screen::Screen;
pub(crate) use session::Session;
pub(crate) use talk::{Talk, converse};

/// One piece of what the process of a prompt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Said {
    /// Text that an input has printed.
    Out(String),
    /// A value of an input, as text.
    Result(String),
    /// The error of an input.
    Error(String),
    /// A wish for the entry of this name in the API page.
    Help(String),
    /// The names that complete a text.
    Names(Vec<String>),
    /// The input goes on in the next line.
    More,
    /// The input has ended.
    Done {
        /// The processes that run code which a reload has replaced.
        old: Vec<String>,
    },
    /// The process itself has ended. The next input starts another.
    Gone {
        /// The reason.
        reason: String,
        /// The exit status, if the process asked for one.
        status: Option<i32>,
    },
}

/// The way to the process of a prompt.
pub(crate) trait Link {
    /// Begins to run an input. Its values are shown in lines of so many columns.
    fn run(&mut self, code: &str, columns: usize) -> Result<(), Box<Failure>>;

    /// Returns what was said, after waiting for some of it for a while.
    fn heard(&mut self, within: Duration) -> Result<Vec<Said>, Box<Failure>>;

    /// Asks the input that runs to end.
    fn interrupt(&mut self) -> Result<(), Box<Failure>>;

    /// Ends the process of the prompt.
    fn kill(&mut self) -> Result<(), Box<Failure>>;

    /// Asks for the names that complete the end of a text: [`Said::Names`] is the answer.
    fn complete(&mut self, text: &str) -> Result<(), Box<Failure>>;
}
