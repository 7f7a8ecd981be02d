//! A prompt on a thread of its own, beside the signals of the command.

use std::io;
use std::sync::Arc;
use std::thread;

use termion::raw::{IntoRawMode, RawTerminal};
use tokio::sync::oneshot;

use super::front::{self, Bell, Manner};
use super::{Link, Screen, input};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::refused::refused;
use crate::signals::{Signals, Stop};

/// The end of a prompt.
pub(crate) enum Talk {
    /// Its input has ended.
    Ended(Result<Exit, Box<Failure>>),
    /// A signal.
    Stopped(Stop),
}

/// Runs a prompt until its input ends or a signal ends the command. Ctrl-C ends the input
/// that runs, and no prompt of a terminal. Dropped, it leaves the terminal as it was.
pub(crate) async fn converse<L: Link + Send + 'static>(
    link: L,
    manner: Manner,
    screen: Screen,
    signals: &mut Signals,
) -> Talk {
    let _as_it_was = as_it_was();
    let bell = Arc::<Bell>::default();
    let heard = Arc::clone(&bell);
    let (sender, mut ended) = oneshot::channel();
    let run = move || {
        let end = front::run(link, &heard, screen, manner);
        // Nobody waits for it after a signal.
        let _ = sender.send(end);
    };
    let thread = thread::Builder::new().name("warren-prompt".into());
    if let Err(error) = thread.spawn(run) {
        return Talk::Ended(Err(Box::new(refused("the prompt", &error))));
    }
    loop {
        tokio::select! {
            biased;
            end = &mut ended => {
                return Talk::Ended(end.unwrap_or_else(|_| {
                    Err(Box::new(Failure::new(Exit::Failed, "the prompt has failed")))
                }));
            }
            stop = signals.next() => match stop {
                Stop::Interrupt if bell.ring() || input::is_terminal() => {}
                stop => return Talk::Stopped(stop),
            },
        }
    }
}

/// Returns what puts the terminal back into its present state when it is dropped: the editor
/// of a line may be left in the midst of one.
fn as_it_was() -> Option<RawTerminal<io::Stdout>> {
    if !input::is_terminal() {
        return None;
    }
    let raw = io::stdout().into_raw_mode().ok()?;
    // It is raw for this moment only; dropping restores what was before.
    raw.suspend_raw_mode().ok()?;
    Some(raw)
}
