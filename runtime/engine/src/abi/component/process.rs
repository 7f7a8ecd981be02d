//! `process`.

use std::time::Duration;

use warren_kernel::Relation;

use super::bindings::warren::process as wit;
use super::spawn::start_of;
use super::{Answer, answer, named, refused};
use crate::guest::Guest;

impl wit::process::Host for Guest {
    fn pid(&mut self) -> wasmtime::Result<String> {
        Ok(self.process()?.text().to_string())
    }

    fn frame_id(&mut self) -> wasmtime::Result<String> {
        Ok(self.inherited()?.frame.to_string())
    }

    async fn send(&mut self, to: String, topic: String, payload: Vec<u8>) -> Answer<()> {
        if let Err(error) = named("to", &to) {
            return answer(self, Err(error));
        }
        self.answered(|guest| guest.send(&to, &topic, &payload))
            .await
    }

    async fn spawn(
        &mut self,
        definition: String,
        host: String,
        arguments: Vec<u8>,
        relation: wit::process::Relation,
        options: wit::process::SpawnOptions,
    ) -> Answer<String> {
        let relation = Relation {
            monitored: relation.contains(wit::process::Relation::MONITORED),
            linked: relation.contains(wit::process::Relation::LINKED),
        };
        let start = match start_of(self, definition, host, arguments, options).await {
            Ok(start) => start,
            Err(error) => return answer(self, Err(error)),
        };
        let pid = Guest::spawn(self, start, relation).await;
        answer(self, pid.map(|pid| pid.to_string()))
    }

    async fn exec(
        &mut self,
        definition: String,
        host: String,
        arguments: Vec<u8>,
        options: wit::process::SpawnOptions,
    ) -> Answer<u32> {
        let start = match start_of(self, definition, host, arguments, options).await {
            Ok(start) => start,
            Err(error) => return answer(self, Err(error)),
        };
        let subscription = Guest::exec(self, start).await;
        answer(self, subscription.map(|subscription| subscription.0))
    }

    async fn terminate(&mut self, target: String) -> Answer<()> {
        let result = self.on_target(&target, Guest::terminate).await;
        self.check_not_terminated()?;
        answer(self, result)
    }

    async fn cancel(&mut self, target: String, deadline: Option<u64>) -> Answer<()> {
        let deadline = deadline.map(Duration::from_nanos);
        let done = self.on_target(&target, |guest, target| {
            guest.cancel(target, deadline, None)
        });
        let done = done.await;
        answer(self, done)
    }

    async fn monitor(&mut self, target: String) -> Answer<()> {
        let done = self.on_target(&target, Guest::monitor).await;
        answer(self, done)
    }

    async fn unmonitor(&mut self, target: String) -> Answer<()> {
        let done = self.on_target(&target, Guest::unmonitor).await;
        answer(self, done)
    }

    async fn link(&mut self, target: String) -> Answer<()> {
        let done = self.on_target(&target, Guest::link).await;
        answer(self, done)
    }

    async fn unlink(&mut self, target: String) -> Answer<()> {
        let done = self.on_target(&target, Guest::unlink).await;
        answer(self, done)
    }

    fn get_options(&mut self) -> wasmtime::Result<wit::process::Options> {
        Ok(wit::process::Options {
            trap_links: self.process()?.trap_links(),
        })
    }

    fn set_options(&mut self, options: wit::process::Options) -> wasmtime::Result<()> {
        self.process()?.set_trap_links(options.trap_links);
        Ok(())
    }

    async fn upgrade(
        &mut self,
        definition: Option<String>,
        arguments: Vec<u8>,
    ) -> wasmtime::Result<wit::types::Error> {
        if let Err(error) = named("definition", definition.as_deref().unwrap_or_default()) {
            return Ok(refused(self, error));
        }
        match Guest::upgrade(self, definition, arguments.into()).await {
            Ok(unwind) => Err(wasmtime::Error::new(unwind)),
            Err(error) => Ok(refused(self, error)),
        }
    }
}
