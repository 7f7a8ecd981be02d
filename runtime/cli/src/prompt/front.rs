//! The loop of a prompt: reads inputs, has them run, and shows what they say.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use warren::text;

use super::input::{self, Input, Line};
use super::{Link, Said, Screen, help};
use crate::exit::Exit;
use crate::report::failure::{Failure, Look};
use crate::report::{stderr, stdout};

/// Time between two looks for Ctrl-C while an input runs.
const LOOK: Duration = Duration::from_millis(100);

/// Time for an interrupted input to end, after which the next Ctrl-C is explained.
const TO_END: Duration = Duration::from_secs(2);

/// The most bytes of one input.
const MAX_TYPED: usize = 512 << 10;

/// The news of signals for a prompt.
#[derive(Default)]
pub(crate) struct Bell {
    /// An input runs, and Ctrl-C is meant for it.
    runs: AtomicBool,
    /// The number of times that Ctrl-C was pressed for it.
    rung: AtomicU32,
}

impl Bell {
    /// Rings for the input that runs. Returns false if none does.
    pub(crate) fn ring(&self) -> bool {
        let runs = self.runs.load(Ordering::Acquire);
        if runs {
            self.rung.fetch_add(1, Ordering::AcqRel);
        }
        runs
    }
}

/// The settings of a prompt.
pub(crate) struct Manner {
    /// True if texts of the program may control the terminal.
    pub(crate) raw: bool,
    /// A line before the first prompt of a terminal.
    pub(crate) greeting: String,
}

/// The end of an input.
enum End {
    Done(Vec<String>),
    More,
    /// The process of the prompt has ended.
    Gone(Option<i32>),
}

struct Front<'a, L: Link> {
    link: Rc<RefCell<L>>,
    bell: &'a Bell,
    manner: Manner,
    is_terminal: bool,
    fancy: bool,
    failed: bool,
}

/// Runs a prompt until its input ends.
pub(crate) fn run<L: Link>(
    link: L,
    bell: &Bell,
    screen: Screen,
    manner: Manner,
) -> Result<Exit, Box<Failure>> {
    let link = Rc::new(RefCell::new(link));
    let lost = |error: io::Error| {
        let message = format!("the prompt cannot read: {error}");
        Box::new(Failure::new(Exit::Failed, message))
    };
    let mut input = Input::open(&link, screen).map_err(lost)?;
    let mut front = Front {
        link,
        bell,
        is_terminal: input::is_terminal(),
        fancy: Look::of_stdout().fancy,
        failed: false,
        manner,
    };
    let mut typed = String::new();
    let mut old: Vec<String> = Vec::new();
    if front.is_terminal && !front.manner.greeting.is_empty() {
        let greeting = format!("{}\n", front.manner.greeting);
        if let Some(end) = ended(&greeting)? {
            return Ok(end);
        }
    }
    loop {
        match input.line(&prompt(&typed, &old)).map_err(lost)? {
            Line::Text(line) => {
                if !typed.is_empty() {
                    typed.push('\n');
                }
                typed.push_str(&line);
            }
            Line::Interrupted => {
                typed.clear();
                continue;
            }
            Line::End => break,
        }
        if typed.trim().is_empty() {
            typed.clear();
            continue;
        }
        if typed.len() > MAX_TYPED {
            front.tell_error(&format!("an input has at most {MAX_TYPED} bytes"))?;
            typed.clear();
            continue;
        }
        let end = match front.run(&typed)? {
            Ok(end) => end,
            Err(exit) => return Ok(exit),
        };
        match end {
            End::More => continue,
            End::Done(now) => {
                if now != old && front.is_terminal && !now.is_empty() {
                    let news = format!("old code runs in {}\n", now.join(", "));
                    if let Some(end) = ended(&news)? {
                        return Ok(end);
                    }
                }
                old = now;
            }
            End::Gone(Some(status)) => return Ok(Exit::Chosen(status)),
            End::Gone(None) => {}
        }
        input.remember(&typed);
        typed.clear();
    }
    if !typed.is_empty() {
        front.tell_error("the last input is not complete")?;
    }
    if front.is_terminal {
        // Ctrl-D leaves the cursor behind the prompt.
        return stdout::print("\n", Exit::Success);
    }
    Ok(match front.failed {
        true => Exit::Failed,
        false => Exit::Success,
    })
}

/// Returns the prompt: of the first line of an input, with the number of processes that run
/// old code, or of a further line.
fn prompt(typed: &str, old: &[String]) -> String {
    match (typed.is_empty(), old.len()) {
        (false, _) => "... ".to_owned(),
        (true, 0) => "warren> ".to_owned(),
        (true, count) => format!("warren ({count} old)> "),
    }
}

/// Prints a text. Returns the exit of the command if nobody reads it.
fn ended(text: &str) -> Result<Option<Exit>, Box<Failure>> {
    match stdout::print(text, Exit::Success)? {
        Exit::Success => Ok(None),
        exit => Ok(Some(exit)),
    }
}

impl<L: Link> Front<'_, L> {
    /// Runs an input to its end. The inner error is the exit of a command whose output nobody
    /// reads.
    fn run(&mut self, typed: &str) -> Result<Result<End, Exit>, Box<Failure>> {
        self.bell.rung.store(0, Ordering::Release);
        self.bell.runs.store(true, Ordering::Release);
        let columns = columns();
        let ran = self.link.borrow_mut().run(typed, columns);
        let end = ran.and_then(|()| self.hear(columns));
        self.bell.runs.store(false, Ordering::Release);
        end
    }

    fn hear(&mut self, columns: usize) -> Result<Result<End, Exit>, Box<Failure>> {
        let mut obeyed = 0;
        let mut asked: Option<Instant> = None;
        loop {
            let said = self.link.borrow_mut().heard(LOOK)?;
            for said in said {
                let shown = match said {
                    Said::Out(text) => ended(&self.of_program(&text))?,
                    Said::Result(text) => ended(&format!("{}\n", self.of_program(&text)))?,
                    Said::Error(text) => self.tell_error(&text)?,
                    Said::Help(name) => ended(&help::entry(&name, columns))?,
                    Said::Names(_) => None,
                    Said::More => return Ok(Ok(End::More)),
                    Said::Done { old } => return Ok(Ok(End::Done(old))),
                    Said::Gone { reason, status } => {
                        if status.is_none() {
                            let message = format!(
                                "the process of the prompt has ended, and its variables with it: \
                                 {reason}"
                            );
                            self.tell_error(&message)?;
                        }
                        return Ok(Ok(End::Gone(status)));
                    }
                };
                if let Some(exit) = shown {
                    return Ok(Err(exit));
                }
            }
            let rung = self.bell.rung.load(Ordering::Acquire);
            if rung > obeyed {
                match obeyed {
                    0 => self.link.borrow_mut().interrupt()?,
                    _ => self.link.borrow_mut().kill()?,
                }
                obeyed = rung;
                asked = Some(Instant::now());
            }
            if asked.is_some_and(|asked| asked.elapsed() > TO_END) {
                asked = None;
                let hint = "the input does not end; Ctrl-C again ends the process of the prompt";
                self.tell_error(hint)?;
            }
        }
    }

    /// Shows an error: on standard error, unless a person sits at the prompt.
    fn tell_error(&mut self, message: &str) -> Result<Option<Exit>, Box<Failure>> {
        self.failed = true;
        let message = self.of_program(message);
        if !self.is_terminal {
            stderr::write(&format!("{message}\n"));
            return Ok(None);
        }
        match self.fancy {
            true => ended(&format!("\x1b[31m{message}\x1b[0m\n")),
            false => ended(&format!("{message}\n")),
        }
    }

    /// Returns a text of the program, without what would control the terminal of another
    /// program's user.
    fn of_program(&self, text: &str) -> String {
        match self.manner.raw {
            true => text.to_owned(),
            false => escaped(text),
        }
    }
}

/// Escapes the control characters of a text, but for tabs and ends of lines.
fn escaped(text: &str) -> String {
    let parts = text.split_inclusive(['\n', '\t']);
    parts
        .map(|part| match part.chars().next_back() {
            Some(last @ ('\n' | '\t')) => {
                let before = &part[..part.len() - 1];
                format!("{}{last}", text::line(before))
            }
            _ => text::line(part).to_string(),
        })
        .collect()
}

/// Returns the columns of the terminal; 80 without one.
fn columns() -> usize {
    match termion::terminal_size() {
        Ok((columns @ 20.., _)) if input::is_terminal() => columns.into(),
        _ => 80,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_says_how_many_processes_run_old_code() {
        assert_eq!(prompt("", &[]), "warren> ");
        assert_eq!(prompt("x", &[]), "... ");
        let old = vec!["{a:b|0x00002} (a:c)".to_owned()];
        assert_eq!(prompt("", &old), "warren (1 old)> ");
    }

    #[test]
    fn a_text_of_another_program_does_not_control_the_terminal() {
        assert_eq!(escaped("a\tb\n\x1b[31mc\r\n"), "a\tb\n\\u{1b}[31mc\\r\n");
        assert_eq!(escaped(""), "");
    }

    #[test]
    fn the_bell_rings_for_an_input_alone() {
        let bell = Bell::default();
        assert!(!bell.ring());
        bell.runs.store(true, Ordering::Release);
        assert!(bell.ring() && bell.ring());
        assert_eq!(bell.rung.load(Ordering::Acquire), 2);
    }
}
