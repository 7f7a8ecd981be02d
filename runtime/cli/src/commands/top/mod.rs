//! `warren top`: the processes of a running program, updated on the terminal.

mod app;
mod draw;
mod tree;

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use ratatui::Terminal;
use ratatui::backend::TermionBackend;
use termion::event::Key;
use termion::input::TermRead;
use termion::raw::IntoRawMode;
use termion::screen::IntoAlternateScreen;

use warren::app::parse_duration;
use warren::introspection::{Listing, Sort};

use crate::control::Request;
use crate::control::args::{ControlArgs, QueryArgs};
use crate::control::client::{Client, Lost};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::processes::Seen;
use app::{App, Press, Step};

/// The options of `warren top`.
#[derive(Debug, Args)]
#[command(
    after_help = "Keys: q quits; up, down, page up, page down select; s sorts by the next column; \
                  / filters by PID, definition and names; t shows each process under its parent; \
                  l shows each process under one that it is linked to; Enter shows one process; \
                  Esc goes back.\n\n\
                  The screen is updated less often if there are very many processes: updates use \
                  at most a hundredth of one processor's time."
)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// Time between two updates, at least
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_duration)]
    pub(crate) interval: Duration,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Divisor of the processor share for looking at the processes, at most: the
/// more processes, the less often they are looked at.
const SHARE: u32 = 100;

/// Shows the processes until `q` is pressed or the program ends.
pub(crate) fn top(args: &TopArgs) -> Result<Exit, Box<Failure>> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Box::new(Failure {
            help: Some("`warren ps` prints the processes once".to_owned()),
            ..Failure::new(Exit::Usage, "`warren top` needs a terminal")
        }));
    }
    let client = args.control.connect()?;
    let path = client.path().to_owned();
    let app = App::new(
        &client.greeting().program,
        args.query.query(Sort::Load, app::LIMIT),
    );
    let shown = show(client, app, args.interval);
    // The switch back to the previous screen waits in a buffer: later text on
    // standard error would be drawn on the screen that is left.
    let _ = io::stdout().flush();
    match shown {
        Ok(()) => Ok(Exit::Success),
        Err(lost) => Err(Box::new(lost.failure(&path))),
    }
}

fn show(mut client: Client, mut app: App, interval: Duration) -> Result<(), Lost> {
    let screen = io::stdout().into_raw_mode()?.into_alternate_screen()?;
    let mut terminal = Terminal::new(TermionBackend::new(screen))?;
    let keys = keys();
    loop {
        let took = match refresh(&mut client, &mut app) {
            Err(Lost::Unsent(error) | Lost::Gone(error)) => {
                client = again(&client, error)?;
                refresh(&mut client, &mut app)?
            }
            took => took?,
        };
        let pause = interval.max(took * SHARE);
        let next = Instant::now() + pause;
        loop {
            terminal.draw(|frame| draw::draw(frame, &mut app))?;
            match keys.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(key) => match app.press(key) {
                    Step::Stay => {}
                    Step::Refresh => break,
                    Step::Quit => return Ok(()),
                },
                Err(RecvTimeoutError::Timeout) => break,
                // The terminal is gone.
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }
}

/// Connects to the same program again: between two looks, a new client may have
/// been given this client's seat.
///
/// # Errors
///
/// The reason of the lost connection, if the program is gone or has no seat
/// left.
fn again(lost: &Client, error: io::Error) -> Result<Client, Lost> {
    match Client::connect(lost.path()) {
        Ok(client) if client.greeting().pid == lost.greeting().pid => Ok(client),
        Ok(_) => Err(Lost::Gone(error)),
        Err(failure) => Err(Lost::Gone(io::Error::other(format!(
            "{error}, and cannot be opened again: {}",
            failure.message
        )))),
    }
}

/// Asks for the data on the screen. Returns the time the program took to look.
fn refresh(client: &mut Client, app: &mut App) -> Result<Duration, Lost> {
    let query = app.query().clone();
    let listing: Listing = client.ask(&Request::List { query })?;
    let took = Duration::from_micros(listing.took_us);
    app.show(listing);
    if let Some(process) = app.details_of().map(str::to_owned) {
        let stack = client.stack(&process)?;
        match client.ask(&Request::Show { process }) {
            Ok(details) => app.show_details(Seen { details, stack }),
            Err(Lost::Refused { message, .. }) => app.details_are_gone(message),
            Err(lost) => return Err(lost),
        }
    }
    Ok(took)
}

/// Returns the pressed keys, from a thread that waits for them.
fn keys() -> mpsc::Receiver<Press> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for key in io::stdin().keys() {
            let press = match key {
                Ok(Key::Up) => Press::Up,
                Ok(Key::Down) => Press::Down,
                Ok(Key::PageUp) => Press::PageUp,
                Ok(Key::PageDown) => Press::PageDown,
                Ok(Key::Home) => Press::Home,
                Ok(Key::Esc) => Press::Back,
                Ok(Key::Backspace) => Press::Erase,
                Ok(Key::Ctrl('c')) => Press::Quit,
                Ok(Key::Char('\n')) => Press::Enter,
                Ok(Key::Char(c)) => Press::Char(c),
                Ok(_) => continue,
                Err(_) => return,
            };
            if sender.send(press).is_err() {
                return;
            }
        }
    });
    receiver
}
