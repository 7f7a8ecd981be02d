//! The capability `prompt`, by which the processes of prompts say things.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use warren::capability::{Answer, Caller, Capability, Step};
use warren::values::{from_values, to_value};
use warren::{Error, Inspector, Reloaded, Value};

use super::Said;
use super::old_code::OldCode;
use crate::report::reload;

/// Bytes that a prompt may be behind its process, which waits then.
const BEHIND: usize = 256 << 10;

/// The most bytes of one piece.
const PIECE: usize = 128 << 10;

/// The prompts of a runtime.
#[derive(Default)]
pub(crate) struct Prompts {
    channels: Mutex<HashMap<String, Arc<Channel>>>,
    inspector: OnceLock<Inspector>,
    old_code: OldCode,
}

impl Prompts {
    /// Sets the runtime, once it is there.
    pub(crate) fn begin(&self, inspector: Inspector) {
        // The second call would be of the same runtime.
        let _ = self.inspector.set(inspector);
    }

    /// Notes the processes whose code a reload has replaced.
    pub(crate) fn reloaded(&self, reloaded: &Reloaded) {
        if let Some(inspector) = self.inspector.get() {
            self.old_code.note(inspector, reloaded);
        }
    }

    /// Returns the processes that run code which a reload has replaced.
    pub(super) fn old_code(&self) -> Vec<String> {
        match self.inspector.get() {
            Some(inspector) => self.old_code.list(inspector),
            None => Vec::new(),
        }
    }

    /// Opens the channel of a process.
    pub(super) fn open(&self, pid: &str) -> Arc<Channel> {
        let channel = Arc::<Channel>::default();
        let mut channels = self.channels.lock();
        channels.insert(pid.to_owned(), Arc::clone(&channel));
        channel
    }

    /// Closes the channel of a process.
    pub(super) fn close(&self, pid: &str) {
        self.channels.lock().remove(pid);
    }
}

/// The pieces that a process has said and nobody has heard yet.
#[derive(Default)]
pub(super) struct Channel {
    waiting: Mutex<Waiting>,
    more: Condvar,
    room: Notify,
}

#[derive(Default)]
struct Waiting {
    said: VecDeque<Said>,
    bytes: usize,
}

impl Channel {
    /// Takes all that was said, after waiting for some of it for a while.
    pub(super) fn take(&self, within: Duration) -> Vec<Said> {
        let until = Instant::now() + within;
        let mut waiting = self.waiting.lock();
        while waiting.said.is_empty() {
            if self.more.wait_until(&mut waiting, until).timed_out() {
                break;
            }
        }
        waiting.bytes = 0;
        let said = std::mem::take(&mut waiting.said).into();
        drop(waiting);
        self.room.notify_waiters();
        said
    }

    /// Adds a piece, or returns it if there is no room.
    fn add(&self, said: Said, bytes: usize) -> Result<(), Said> {
        let mut waiting = self.waiting.lock();
        if waiting.bytes > BEHIND {
            return Err(said);
        }
        // Pieces without text take room, too.
        waiting.bytes += bytes + 64;
        waiting.said.push_back(said);
        drop(waiting);
        self.more.notify_all();
        Ok(())
    }

    async fn add_later(self: Arc<Self>, mut said: Said, bytes: usize) -> Answer {
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            // From here on no notification is missed.
            room.as_mut().enable();
            match self.add(said, bytes) {
                Ok(()) => return nothing(),
                Err(again) => said = again,
            }
            room.await;
        }
    }
}

/// The capability.
pub(crate) struct Desk(pub(crate) Arc<Prompts>);

impl Capability for Desk {
    fn name(&self) -> &'static str {
        "prompt"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let pid = caller.process().text();
        let Some(channel) = self.0.channels.lock().get(&**pid).cloned() else {
            return Step::Done(Err(Error::not_found(
                "this process is not that of a prompt",
            )));
        };
        match operation {
            "say" => match read(request) {
                Err(error) => Step::Done(Err(error)),
                Ok((said, bytes)) => match channel.add(said, bytes) {
                    Ok(()) => Step::Done(nothing()),
                    Err(said) => Step::wait(bytes, move |_| channel.add_later(said, bytes)),
                },
            },
            "reload" => {
                let prompts = Arc::clone(&self.0);
                Step::wait(0, move |_| async move { taken(&prompts).await })
            }
            _ => Step::Unknown,
        }
    }
}

/// Reloads the program, and answers with what has changed.
async fn taken(prompts: &Prompts) -> Answer {
    let inspector = prompts.inspector.get();
    let inspector = inspector.ok_or_else(|| Error::internal("the runtime has not begun"))?;
    match inspector.reload().await {
        Ok(reloaded) => {
            prompts.reloaded(&reloaded);
            encoded(&reload::summary(&reloaded))
        }
        Err(error) => {
            let failure = reload::refused(&error.to_string());
            Err(Error::invalid(failure.message))
        }
    }
}

fn encoded(text: &str) -> Answer {
    let value = to_value(&text).map_err(|error| Error::internal(error.to_string()))?;
    Ok(value.as_slice().to_vec())
}

/// Returns the answer of nothing, in MessagePack.
fn nothing() -> Answer {
    Ok(vec![0xc0])
}

/// Reads a piece: its kind and its text. Returns the bytes of it, too.
fn read(request: &[u8]) -> Result<(Said, usize), Error> {
    let malformed = || Error::invalid("the request is not an array of a kind and a text");
    let (kind, text): (String, Value) = from_values(request).map_err(|_| malformed())?;
    let text = match text {
        Value::String(text) => text,
        Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => return Err(malformed()),
    };
    if text.len() > PIECE {
        return Err(Error::invalid(format!(
            "a piece has more than {PIECE} bytes"
        )));
    }
    let bytes = text.len();
    let said = match &*kind {
        "out" => Said::Out(text),
        "result" => Said::Result(text),
        "error" => Said::Error(text),
        "help" => Said::Help(text),
        "names" => Said::Names(text.lines().map(str::to_owned).collect()),
        "more" => Said::More,
        "done" => Said::Done { old: Vec::new() },
        _ => return Err(malformed()),
    };
    Ok((said, bytes))
}

#[cfg(test)]
mod tests {
    use warren::values::to_values;

    use super::*;

    fn said(kind: &str, text: &str) -> Result<Said, Error> {
        let request = to_values(&(kind, text)).unwrap();
        read(request.as_slice()).map(|(said, _)| said)
    }

    #[test]
    fn pieces_are_read() {
        assert_eq!(said("out", "x\n").unwrap(), Said::Out("x\n".into()));
        let names = Said::Names(vec!["send".into(), "spawn".into()]);
        assert_eq!(said("names", "send\nspawn").unwrap(), names);
        assert!(said("shout", "x").is_err());
        assert!(said("out", &"x".repeat(PIECE + 1)).is_err());
        assert!(read(&[0x90]).is_err());
    }

    #[test]
    fn a_prompt_that_is_behind_takes_no_more() {
        let channel = Arc::<Channel>::default();
        let text = "x".repeat(BEHIND + 1);
        channel.add(Said::Out(text.clone()), text.len()).unwrap();
        let more = || Said::Out("more".into());
        assert_eq!(channel.add(more(), 4).unwrap_err(), more());
        let waits = Arc::clone(&channel).add_later(more(), 4);
        let mut waits = std::pin::pin!(waits);
        assert!(futures::FutureExt::now_or_never(waits.as_mut()).is_none());
        assert_eq!(channel.take(Duration::ZERO), [Said::Out(text)]);
        futures::executor::block_on(waits).unwrap();
        assert_eq!(channel.take(Duration::ZERO), [more()]);
        assert!(channel.take(Duration::ZERO).is_empty());
    }
}
