//! The failures of a command, and their display.

use std::fmt;
use std::io::IsTerminal;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters,
    ThemeStyles,
};
use warren::{Kind, text};

use super::excerpt::{Excerpt, Window};
use crate::exit::Exit;
use crate::report::stderr;

/// A failure that ends the command.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit status of the command.
    pub(crate) exit: Exit,
    /// One sentence that states the fault. Lines after the first are shown
    /// below it, each marked as a part of the message.
    pub(crate) message: String,
    /// The place in a text, if there is one.
    pub(crate) excerpt: Option<Excerpt>,
    /// The remedy.
    pub(crate) help: Option<String>,
    /// Further lines: a traceback, the process.
    pub(crate) notes: Vec<String>,
    /// The kind of the error that a program has answered.
    pub(crate) kind: Option<Kind>,
}

impl Failure {
    /// Returns a failure without place or remedy.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure {
            exit,
            message: message.into(),
            excerpt: None,
            help: None,
            notes: Vec::new(),
            kind: None,
        }
    }
}

/// The failures of one command; the first decides the exit status.
#[derive(Debug)]
pub(crate) struct Failures(Vec<Failure>);

impl Failures {
    pub(crate) fn as_slice(&self) -> &[Failure] {
        &self.0
    }
}

impl From<Vec<Failure>> for Failures {
    fn from(failures: Vec<Failure>) -> Self {
        Failures(failures)
    }
}

impl From<Failure> for Failures {
    fn from(failure: Failure) -> Self {
        Failures(vec![failure])
    }
}

impl From<Box<Failure>> for Failures {
    fn from(failure: Box<Failure>) -> Self {
        Failures(vec![*failure])
    }
}

/// The look of output on a standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// True for colours, and lines drawn with more than ASCII.
    pub(crate) fancy: bool,
}

impl Look {
    /// Returns the look for standard error: plain unless it is a terminal, and
    /// plain on a terminal that is asked to be (`NO_COLOR`, `TERM=dumb`).
    pub(crate) fn of_stderr() -> Self {
        Look::of(&std::io::stderr())
    }

    /// Returns the look for standard output, by the same rules.
    pub(crate) fn of_stdout() -> Self {
        Look::of(&std::io::stdout())
    }

    fn of(stream: &impl IsTerminal) -> Self {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Look {
            fancy: stream.is_terminal() && !set("NO_COLOR") && !dumb,
        }
    }
}

/// Writes failures to standard error, without waiting for its reader. The first
/// failure decides the exit status.
pub(crate) fn print(failures: &[Failure]) -> Exit {
    let look = Look::of_stderr();
    let text: String = failures
        .iter()
        .map(|failure| render(failure, look))
        .collect();
    stderr::write(&text);
    failures
        .first()
        .map_or(Exit::Failed, |failure| failure.exit)
}

/// Renders a failure as text, ending in a newline.
pub(crate) fn render(failure: &Failure, look: Look) -> String {
    let mut theme = GraphicalTheme {
        characters: ThemeCharacters::ascii(),
        styles: ThemeStyles::none(),
    };
    if look.fancy {
        theme = GraphicalTheme::unicode();
    }
    theme.characters.error = "error:".to_owned();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_wrap_lines(false)
        .with_context_lines(1)
        .without_cause_chain();
    let shown = Shown::of(failure);
    let mut text = String::new();
    if handler.render_report(&mut text, &shown).is_err() {
        text = format!("error: {shown}\n");
    }
    let mut text = format!("{}\n", text.trim_start_matches([' ', '\n']).trim_end());
    let mut line = |start: &str, line: &str| {
        let indent = line.len() - line.trim_start_matches('\t').len();
        let (indent, rest) = line.split_at(indent);
        text.push_str(format!("{start}{indent}{}", text::line(rest)).trim_end());
        text.push('\n');
    };
    // Marked, so that a guest's text cannot pass for a note of the runtime's.
    failure
        .message
        .lines()
        .skip(1)
        .for_each(|rest| line("  | ", rest));
    for note in &failure.notes {
        note.lines().for_each(|note| line("  ", note));
    }
    text
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        text::line(&self.message).fmt(f)
    }
}

impl std::error::Error for Failure {}

/// The first line of a failure, its place and remedy, with characters that are
/// safe for a terminal.
#[derive(Debug)]
struct Shown {
    headline: String,
    help: Option<String>,
    place: Option<(Window, String)>,
}

impl Shown {
    fn of(failure: &Failure) -> Shown {
        let headline = failure.message.lines().next().unwrap_or_default();
        let place = failure.excerpt.as_ref();
        Shown {
            headline: text::line(headline).to_string(),
            help: failure
                .help
                .as_ref()
                .map(|help| text::line(help).to_string()),
            place: place.map(|place| (Window::on(place), text::line(&place.label).to_string())),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place
            .as_ref()
            .map(|(window, _)| window as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (window, label) = self.place.as_ref()?;
        let label = LabeledSpan::new_with_span(Some(label.clone()), window.span());
        Some(Box::new(std::iter::once(label)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure {
            excerpt: Some(Excerpt {
                name: "shop/warren.toml".into(),
                text: "[app]\nname = \"x\"\nmian = 1\n".into(),
                span: 17..21,
                label: "expected `name` or `main`".into(),
            }),
            help: Some("did you mean `main`?".into()),
            ..Failure::new(Exit::Usage, "unknown key `mian` in [app]")
        }
    }

    #[test]
    fn plain_text_has_message_place_and_remedy() {
        let text = render(&failure(), Look { fancy: false });
        assert!(
            text.starts_with("error: unknown key `mian` in [app]\n"),
            "{text}"
        );
        assert!(text.contains("shop/warren.toml:3:1"), "{text}");
        assert!(text.contains("expected `name` or `main`"), "{text}");
        assert!(text.contains("help: did you mean `main`?"), "{text}");
        assert!(text.is_ascii(), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_terminal_gets_colour() {
        let text = render(&failure(), Look { fancy: true });
        assert!(text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn notes_follow_line_by_line() {
        let failure = Failure {
            notes: vec![
                "stack traceback:\n\tmain.lua:3: in main".into(),
                "process: {a:b|0x1}".into(),
            ],
            ..Failure::new(Exit::Failed, "main.lua:3: boom")
        };
        assert_eq!(
            render(&failure, Look { fancy: false }),
            "error: main.lua:3: boom\n  stack traceback:\n  \tmain.lua:3: in main\n  process: {a:b|0x1}\n"
        );
    }

    #[test]
    fn untrusted_text_stays_in_its_line_and_is_seen() {
        let hostile = "a\u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{7f}\r\u{2028}b";
        let text = format!("[app]\n\t{hostile} = 1\r\n");
        let failure = Failure {
            excerpt: Some(Excerpt {
                name: format!("{hostile}/warren.toml"),
                span: 7..7 + hostile.len(),
                text: text.into(),
                label: hostile.into(),
            }),
            help: Some(format!("{hostile}\nerror: forged")),
            notes: vec![format!("traceback:\n\t{hostile}")],
            ..Failure::new(Exit::Failed, format!("{hostile}\nerror: forged"))
        };
        let text = render(&failure, Look { fancy: false });
        let starts = text.lines().filter(|line| line.starts_with("error: "));
        assert_eq!(starts.count(), 1, "{text}");
        assert!(text.contains("\n  | error: forged\n"), "{text}");
        assert!(text.contains("\n  \ta\\u{1b}]0;x"), "{text}");
        let plain = |c: char| matches!(c, '\n' | '\t' | ' '..='~');
        assert!(text.chars().all(plain), "{text:?}");
    }

    #[test]
    fn a_place_at_the_end_or_in_nothing_is_shown_too() {
        for (text, at) in [("", 0), ("[1,", 3), ("a\n", 2)] {
            let failure = Failure {
                excerpt: Some(Excerpt {
                    name: "--args-json".into(),
                    text: text.into(),
                    span: at..at,
                    label: "here".into(),
                }),
                ..Failure::new(Exit::Usage, "broken")
            };
            let shown = render(&failure, Look { fancy: false });
            assert!(shown.contains("--args-json:"), "{text:?}: {shown}");
        }
    }
}
