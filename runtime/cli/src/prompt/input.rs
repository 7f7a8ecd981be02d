//! The lines that a prompt reads: from a terminal with an editor, or from a pipe.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fs;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use etcetera::BaseStrategy;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};

use super::{Link, Said, Screen};
use crate::report::failure::Look;

/// The most bytes of one line from a pipe.
const LINE: u64 = 1 << 20;

/// Time for the names that complete a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// The source of lines.
pub(super) enum Input<L: Link> {
    /// A terminal.
    Terminal(Box<Terminal<L>>),
    /// A pipe or a file.
    Pipe,
}

/// An editor on a terminal.
pub(super) struct Terminal<L: Link> {
    editor: Editor<Names<L>, FileHistory>,
    history: Option<PathBuf>,
    screen: Screen,
}

/// One line, or what comes in its place.
pub(super) enum Line {
    /// A line, without its end.
    Text(String),
    /// Ctrl-C.
    Interrupted,
    /// The end of the input.
    End,
}

/// Returns true if a person sits at the prompt.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

impl<L: Link> Input<L> {
    /// Opens the terminal, if there is one.
    pub(super) fn open(link: &Rc<RefCell<L>>, screen: Screen) -> io::Result<Input<L>> {
        if !is_terminal() {
            return Ok(Input::Pipe);
        }
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .auto_add_history(false)
            .build();
        let history = FileHistory::with_config(&config);
        let mut editor = Editor::with_history(config, history).map_err(io::Error::other)?;
        editor.set_helper(Some(Names {
            link: Rc::clone(link),
            fancy: Look::of_stdout().fancy,
        }));
        let history = history_file();
        if let Some(path) = &history {
            // There is none before the first prompt ends.
            let _ = editor.load_history(path);
        }
        Ok(Input::Terminal(Box::new(Terminal {
            editor,
            history,
            screen,
        })))
    }

    /// Reads a line behind a prompt, which a pipe does not show.
    pub(super) fn line(&mut self, prompt: &str) -> io::Result<Line> {
        match self {
            Input::Pipe => of_pipe(),
            Input::Terminal(terminal) => terminal.line(prompt),
        }
    }

    /// Adds an input to the history.
    pub(super) fn remember(&mut self, input: &str) {
        let Input::Terminal(terminal) = self else {
            return;
        };
        // Without a file the history lives as long as the prompt.
        let added = terminal.editor.add_history_entry(input);
        if let (Ok(true), Some(path)) = (added, &terminal.history) {
            let appended = terminal.editor.append_history(path);
            if let Err(error) = appended {
                tracing::debug!(%error, "the history of the prompt was not written");
            }
        }
    }
}

impl<L: Link> Terminal<L> {
    fn line(&mut self, prompt: &str) -> io::Result<Line> {
        self.screen.edits(Some(prompt));
        let read = self.editor.readline(prompt);
        self.screen.edits(None);
        match read {
            Ok(line) => Ok(Line::Text(line)),
            Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
            Err(ReadlineError::Eof) => Ok(Line::End),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

fn of_pipe() -> io::Result<Line> {
    let mut line = Vec::new();
    let read = io::stdin()
        .lock()
        .take(LINE + 1)
        .read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(Line::End);
    }
    if line.len() as u64 > LINE {
        let message = format!("a line has more than {LINE} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let text = String::from_utf8(line)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a line is not UTF-8"))?;
    Ok(Line::Text(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Returns the file of the history, in a directory for the user alone; `None` if there is no
/// place for it.
fn history_file() -> Option<PathBuf> {
    let user = etcetera::base_strategy::choose_native_strategy().ok()?;
    let state = user.state_dir().unwrap_or_else(|| user.data_dir());
    let directory = state.join("warren");
    if !directory.is_absolute() || make(&directory).is_err() {
        return None;
    }
    Some(directory.join("history"))
}

fn make(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory)
}

/// Completes the word at the cursor by asking the process.
struct Names<L: Link> {
    link: Rc<RefCell<L>>,
    fancy: bool,
}

impl<L: Link> Names<L> {
    fn ask(&self, text: &str) -> Option<Vec<String>> {
        // Held by nobody while a line is edited.
        let mut link = self.link.try_borrow_mut().ok()?;
        link.complete(text).ok()?;
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            for said in link.heard(left).ok()? {
                if let Said::Names(names) = said {
                    return Some(names);
                }
            }
            if left.is_zero() {
                return None;
            }
        }
    }
}

impl<L: Link> Completer for Names<L> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..pos).unwrap_or(line);
        let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
        let start = before.trim_end_matches(is_name).len();
        Ok((start, self.ask(before).unwrap_or_default()))
    }
}

impl<L: Link> Highlighter for Names<L> {
    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _: bool) -> Cow<'b, str> {
        match self.fancy {
            true => Cow::Owned(format!("\x1b[1;36m{prompt}\x1b[0m")),
            false => Cow::Borrowed(prompt),
        }
    }
}

impl<L: Link> Hinter for Names<L> {
    type Hint = String;
}

impl<L: Link> Validator for Names<L> {}

impl<L: Link> Helper for Names<L> {}
