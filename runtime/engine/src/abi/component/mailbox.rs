//! `mailbox`.

use warren_kernel::{Message, Monotonic, Subscription};

use super::bindings::warren::process as wit;
use super::{Answer, answer, named};
use crate::guest::stacks::{Asked, Sight};
use crate::guest::{Guest, mailbox};

impl wit::mailbox::Host for Guest {
    fn inbox(&mut self) -> wasmtime::Result<u32> {
        Ok(self.process()?.inbox().0)
    }

    fn events(&mut self) -> wasmtime::Result<u32> {
        Ok(self.process()?.events().0)
    }

    fn listen(&mut self, topic: String) -> Answer<u32> {
        let listening = named("topic", &topic).and_then(|()| self.process()?.listen(&topic));
        answer(self, listening.map(|s| s.0))
    }

    fn unlisten(&mut self, subscription: u32) -> wasmtime::Result<()> {
        self.process()?.end_subscription(Subscription(subscription));
        Ok(())
    }

    async fn receive(
        &mut self,
        wanted: Vec<u32>,
        deadline: Option<u64>,
    ) -> wasmtime::Result<Option<wit::mailbox::Message>> {
        mailbox::check_wanted(self, wanted.len())?;
        let wanted: Vec<_> = wanted.into_iter().map(Subscription).collect();
        self.receive_message(&wanted, deadline).await
    }

    async fn receive_one(
        &mut self,
        wanted: u32,
        deadline: Option<u64>,
    ) -> wasmtime::Result<Option<wit::mailbox::Message>> {
        self.receive_message(&[Subscription(wanted)], deadline)
            .await
    }
}

impl Guest {
    async fn receive_message(
        &mut self,
        wanted: &[Subscription],
        deadline: Option<u64>,
    ) -> wasmtime::Result<Option<wit::mailbox::Message>> {
        let deadline = deadline.map(Monotonic);
        let received = loop {
            match mailbox::receive(self, wanted, deadline).await {
                Err(error) if error.is::<Asked>() => self.shows_nothing(),
                received => break received?,
            }
        };
        Ok(received.as_ref().map(wit::mailbox::Message::from))
    }

    /// Answers that the stack cannot be seen: it is out of reach while the
    /// component waits in an import.
    fn shows_nothing(&self) {
        if let Ok(process) = self.process() {
            let why = "the stack of a component can be read only while it runs, and this one waits"
                .to_owned();
            self.shared.stacks.answer(process, Sight::Nothing(why));
        }
    }
}

impl From<&Message> for wit::mailbox::Message {
    fn from(message: &Message) -> Self {
        wit::mailbox::Message {
            subscription: message.subscription().0,
            sender: message.sender().map(str::to_owned),
            topic: message.topic().to_owned(),
            payload: message.payload().to_vec(),
        }
    }
}
