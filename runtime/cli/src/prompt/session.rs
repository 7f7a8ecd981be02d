//! The process of a prompt, in the program that runs it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use warren::app::DEFAULT_HOST;
use warren::{Ended, Handle, Outcome, Runtime, Spawn};

use super::desk::{Channel, Prompts};
use super::{Link, Said, agent};
use crate::exit::Exit;
use crate::report::failure::Failure;

/// Time between two looks for the end of the process.
const LOOK: Duration = Duration::from_millis(50);

/// A prompt of a runtime. Its process ends with it.
pub(crate) struct Session {
    runtime: Runtime,
    prompts: Arc<Prompts>,
    /// Absent before the first input, and when it has ended.
    agent: Option<Agent>,
    inputs: i64,
}

struct Agent {
    process: Handle,
    channel: Arc<Channel>,
}

impl Session {
    /// Returns a prompt whose process starts with the first input.
    pub(crate) fn new(runtime: Runtime, prompts: Arc<Prompts>) -> Session {
        Session {
            runtime,
            prompts,
            agent: None,
            inputs: 0,
        }
    }

    /// Returns the process, which is started unless it runs. Blocks: not for a thread that
    /// drives the async runtime.
    fn agent(&mut self) -> Result<&Agent, Box<Failure>> {
        if self.agent.is_none() {
            let spawn = Spawn::new(agent::DEFINITION).host(DEFAULT_HOST);
            let process = block_on(self.runtime.spawn(spawn));
            let process = process.map_err(|error| failed("no process for the prompt", &error))?;
            let channel = self.prompts.open(process.pid().as_str());
            self.agent = Some(Agent { process, channel });
        }
        let gone = || Box::new(Failure::new(Exit::Failed, "there is no process"));
        self.agent.as_ref().ok_or_else(gone)
    }

    fn tell<T: serde::Serialize>(&mut self, topic: &str, payload: T) -> Result<(), Box<Failure>> {
        let sent = self.agent()?.process.send(topic, payload);
        match sent {
            Ok(()) => Ok(()),
            // Its end is heard.
            Err(_) if self.has_ended() => Ok(()),
            Err(error) => Err(failed("the process of the prompt takes no request", &error)),
        }
    }

    fn has_ended(&self) -> bool {
        let agent = self.agent.as_ref();
        agent.is_some_and(|agent| agent.process.has_ended())
    }

    /// Ends the process, and returns what is left to hear.
    fn end(&mut self) -> Vec<Said> {
        let Some(agent) = self.agent.take() else {
            return Vec::new();
        };
        let ended = block_on(agent.process.wait());
        let mut said = agent.channel.take(Duration::ZERO);
        self.prompts.close(agent.process.pid().as_str());
        said.push(gone(&ended));
        said
    }
}

impl Link for Session {
    fn run(&mut self, code: &str, columns: usize) -> Result<(), Box<Failure>> {
        self.inputs += 1;
        let columns = i64::try_from(columns).unwrap_or(80);
        self.tell("prompt:run", (self.inputs, code, columns))
    }

    fn heard(&mut self, within: Duration) -> Result<Vec<Said>, Box<Failure>> {
        let until = Instant::now() + within;
        loop {
            if self.has_ended() {
                return Ok(self.end());
            }
            let left = until.saturating_duration_since(Instant::now());
            let mut said = match &self.agent {
                Some(agent) => agent.channel.take(left.min(LOOK)),
                None => Vec::new(),
            };
            for said in &mut said {
                if let Said::Done { old } = said {
                    *old = self.prompts.old_code();
                }
            }
            if !said.is_empty() || left.is_zero() || self.agent.is_none() {
                return Ok(said);
            }
        }
    }

    fn interrupt(&mut self) -> Result<(), Box<Failure>> {
        let id = self.inputs;
        // The first is for an input that computes, the second for one that waits.
        self.tell("prompt:stop", id)?;
        self.tell("prompt:interrupt", id)
    }

    fn kill(&mut self) -> Result<(), Box<Failure>> {
        if let Some(agent) = &self.agent {
            // Fails if it has ended meanwhile.
            let _ = agent.process.terminate();
        }
        Ok(())
    }

    fn complete(&mut self, text: &str) -> Result<(), Box<Failure>> {
        self.tell("prompt:complete", text)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(agent) = self.agent.take() {
            let _ = agent.process.terminate();
            self.prompts.close(agent.process.pid().as_str());
        }
    }
}

fn gone(ended: &Ended) -> Said {
    Said::Gone {
        reason: match (ended.status, &*ended.outcome) {
            (Some(status), _) => format!("os.exit({status})"),
            (None, Outcome::Failed(error)) => error.to_string(),
            (None, Outcome::Returned(_)) => "it returned".to_owned(),
        },
        status: ended.status,
    }
}

fn failed(what: &str, error: &warren::CallError) -> Box<Failure> {
    Box::new(Failure::new(Exit::Failed, format!("{what}: {error}")))
}
