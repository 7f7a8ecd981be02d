//! The WIT of `warren:process` for components, on the same operations as the flat
//! ABI.

mod bindings;

use std::sync::Arc;
use std::time::Duration;

use bindings::warren::process as wit;
use tokio::task;
use warren_kernel::{Details, Error, Kind, Message, Monotonic, Relation, Subscription};
use wasmtime::component::{HasSelf, Linker};

use crate::abi::flat::BURST;
use crate::codec::{self, check};
use crate::guest::aside::AT_ONCE;
use crate::guest::stacks::{Asked, Sight};
use crate::guest::{self, Guest, Start, Unwind, receive};
use crate::log::{Level, MAX_LOGGED};
use crate::operand::{self, NAME};
use crate::output::{PIECE, Stream};
use crate::security::{Actor, Refusal, Scope};

/// Defines every import of the world.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    bindings::Guest::add_to_linker::<_, HasSelf<_>>(linker, |guest| guest)
}

type Answer<T> = wasmtime::Result<Result<T, wit::types::Error>>;

/// Records the failure of an operation, and turns it into a value of the WIT.
fn answer<T>(guest: &Guest, result: Result<T, Error>) -> Answer<T> {
    Ok(result.map_err(|error| refused(guest, error)))
}

fn refused(guest: &Guest, error: Error) -> wit::types::Error {
    guest.was_refused(&error);
    error.into()
}

impl From<Error> for wit::types::Error {
    fn from(error: Error) -> Self {
        wit::types::Error {
            kind: error.kind.as_str().to_owned(),
            details: error.details.as_ref().map(codec::details),
            message: error.message,
            retryable: error.retryable,
            stack: error.stack,
        }
    }
}

impl From<wit::types::Error> for Error {
    fn from(error: wit::types::Error) -> Self {
        Error {
            kind: Kind::from(error.kind.as_str()),
            message: error.message,
            retryable: error.retryable,
            details: error.details.map(|bytes| Details::Encoded(bytes.into())),
            stack: error.stack,
            contexts: Box::default(),
        }
    }
}

impl wit::types::Host for Guest {}

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

/// Refuses an operand that is too long to be a name.
fn named(operand: &'static str, name: &str) -> Result<(), Error> {
    NAME.check(operand, name.len())
}

/// Checks the operands of a spawn or exec, and makes a start of them. Long options
/// are checked off the worker.
async fn start_of(
    guest: &Guest,
    definition: String,
    host: String,
    arguments: Vec<u8>,
    options: wit::process::SpawnOptions,
) -> Result<Start, Error> {
    named("definition", &definition)?;
    named("host", &host)?;
    let mut start = Start::with_arguments(definition, host, arguments.into());
    let context = options.context.as_ref().map_or(0, Vec::len);
    let meta = options.actor.as_ref().map_or(0, |actor| actor.meta.len());
    let messages: usize = options.messages.iter().map(|m| m.payload.len()).sum();
    if context + meta + messages <= AT_ONCE {
        return set_options(&mut start, options).map(|()| start);
    }
    let shared = Arc::clone(&guest.shared);
    let host = Arc::clone(guest.process()?.host());
    let aside = async move {
        let permit = shared.permit_aside(&host).await;
        let set = move || set_options(&mut start, options).map(|()| start);
        shared.aside(permit, set).await
    };
    guest.control.outside(aside).await?
}

fn set_options(start: &mut Start, options: wit::process::SpawnOptions) -> Result<(), Error> {
    let wrong =
        |what: &str, error: String| operand::malformed("options", format_args!("{what}: {error}"));
    if let Some(bytes) = &options.context {
        start.context = check::map(bytes)
            .map_err(|error| error.to_string())
            .and_then(|()| guest::context(bytes))
            .map_err(|error| wrong("context", error))?;
    }
    if let Some(actor) = options.actor {
        check::map(&actor.meta).map_err(|error| wrong("actor.meta", error.to_string()))?;
        start.identity.actor = Some(Arc::new(Actor {
            id: actor.id,
            meta: actor.meta.into(),
        }));
    }
    start.identity.scope = options.scope.map(|scope| {
        Arc::new(Scope {
            policies: scope.policies,
        })
    });
    start.name = options.name;
    for message in options.messages {
        check::values(&message.payload).map_err(|error| wrong("messages", error.to_string()))?;
        start.messages.push((message.topic, message.payload.into()));
    }
    Ok(())
}

impl Guest {
    /// Runs an operation with [`Guest::settled`] and answers with its result.
    async fn answered<T>(
        &mut self,
        operation: impl FnMut(&mut Guest) -> Result<T, Refusal>,
    ) -> Answer<T> {
        let done = self.settled(operation).await;
        answer(self, done)
    }

    /// Runs an operation on the process of a destination.
    async fn on_target(
        &mut self,
        target: &str,
        operation: impl Fn(&mut Guest, &str) -> Result<(), Refusal>,
    ) -> Result<(), Error> {
        named("target", target)?;
        self.settled(|guest| operation(guest, target)).await
    }

    async fn receive_message(
        &mut self,
        wanted: &[Subscription],
        deadline: Option<u64>,
    ) -> wasmtime::Result<Option<wit::mailbox::Message>> {
        let deadline = deadline.map(Monotonic);
        let received = loop {
            match receive::receive(self, wanted, deadline).await {
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
        receive::check_wanted(self, wanted.len())?;
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

impl wit::registry::Host for Guest {
    async fn register(&mut self, name: String, target: Option<String>) -> Answer<()> {
        let fits = named("name", &name)
            .and_then(|()| named("target", target.as_deref().unwrap_or_default()));
        if let Err(error) = fits {
            return answer(self, Err(error));
        }
        self.answered(|guest| guest.register(&name, target.as_deref()))
            .await
    }

    fn lookup(&mut self, name: String) -> Answer<String> {
        let found = named("name", &name).and_then(|()| Guest::lookup(self, &name));
        answer(self, found.map(|pid| pid.to_string()))
    }

    async fn unregister(&mut self, name: String) -> Answer<bool> {
        if let Err(error) = named("name", &name) {
            return answer(self, Err(error));
        }
        self.answered(|guest| guest.unregister(&name)).await
    }
}

impl wit::context::Host for Guest {
    fn get(&mut self, key: String) -> wasmtime::Result<Option<Vec<u8>>> {
        Ok(self
            .inherited()?
            .context
            .get(&key)
            .map(|value| value.to_vec()))
    }

    fn all(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.context()?)
    }
}

impl wit::security::Host for Guest {
    fn actor(&mut self) -> wasmtime::Result<Option<wit::security::Identity>> {
        let actor = self.inherited()?.actor.as_ref();
        Ok(actor.map(|a| wit::security::Identity {
            id: a.id.clone(),
            meta: a.meta.to_vec(),
        }))
    }

    fn scope(&mut self) -> wasmtime::Result<Option<wit::security::PolicySet>> {
        let scope = self.inherited()?.scope.as_ref();
        Ok(scope.map(|scope| wit::security::PolicySet {
            policies: scope.policies.clone(),
        }))
    }

    async fn can(
        &mut self,
        action: String,
        resource: String,
        attributes: Option<Vec<u8>>,
    ) -> wasmtime::Result<bool> {
        let attributes = attributes.unwrap_or_default();
        let allowed = self.settled(|guest| guest.can(&action, &resource, &attributes));
        Ok(allowed.await.unwrap_or(false))
    }

    fn policy(&mut self, id: String) -> Answer<()> {
        let known = named("id", &id).and_then(|()| Guest::policy(self, &id));
        answer(self, known)
    }

    fn named_scope(&mut self, id: String) -> Answer<wit::security::PolicySet> {
        let scope = named("id", &id).and_then(|()| Guest::named_scope(self, &id));
        let scope = scope.map(|s| wit::security::PolicySet {
            policies: s.policies,
        });
        answer(self, scope)
    }
}

impl wit::clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<i64> {
        Ok(self.shared.now().wall.0)
    }

    fn monotonic(&mut self) -> wasmtime::Result<u64> {
        Ok(self.shared.now().monotonic.0)
    }
}

impl wit::random::Host for Guest {
    fn bytes(&mut self, len: u32) -> wasmtime::Result<Vec<u8>> {
        let mut bytes = vec![0; crate::abi::flat::random_length(len)?];
        crate::abi::flat::fill_with_random_bytes(&mut bytes)?;
        Ok(bytes)
    }
}

impl From<wit::stdio::Stream> for Stream {
    fn from(stream: wit::stdio::Stream) -> Self {
        match stream {
            wit::stdio::Stream::Stdout => Stream::Stdout,
            wit::stdio::Stream::Stderr => Stream::Stderr,
        }
    }
}

impl wit::stdio::Host for Guest {
    async fn write(&mut self, stream: wit::stdio::Stream, bytes: Vec<u8>) -> wasmtime::Result<()> {
        for piece in bytes.chunks(PIECE) {
            if let Some(unsent) = Guest::write(self, stream.into(), piece) {
                self.write_slowly(stream.into(), unsent).await;
            } else if bytes.len() > BURST * PIECE {
                // Lets others run, however fast the output is read.
                task::yield_now().await;
            }
        }
        Ok(())
    }

    async fn flush(&mut self, stream: wit::stdio::Stream) -> wasmtime::Result<()> {
        Guest::flush(self, stream.into()).await;
        Ok(())
    }

    async fn read(&mut self, max: u32) -> Answer<Vec<u8>> {
        let read = Guest::read(self, max as usize).await;
        answer(self, read)
    }
}

impl wit::logger::Host for Guest {
    async fn log(
        &mut self,
        level: wit::logger::Level,
        name: String,
        message: String,
        fields: Option<Vec<u8>>,
    ) -> wasmtime::Result<()> {
        let level = match level {
            wit::logger::Level::Debug => Level::Debug,
            wit::logger::Level::Info => Level::Info,
            wit::logger::Level::Warn => Level::Warn,
            wit::logger::Level::Error => Level::Error,
        };
        let fields = fields.filter(|fields| fields.len() <= MAX_LOGGED);
        Guest::log(self, level, name, message, fields).await;
        Ok(())
    }
}

impl wit::program::Host for Guest {
    fn definition(&mut self) -> wasmtime::Result<String> {
        Ok(self.run.program.definition.id.to_string())
    }

    fn method(&mut self) -> wasmtime::Result<String> {
        Ok(self.run.program.definition.method.to_string())
    }

    fn arguments(&mut self) -> wasmtime::Result<Vec<u8>> {
        Ok(self.run.arguments.to_vec())
    }

    fn code(&mut self) -> wasmtime::Result<wit::program::Chunk> {
        Ok(self.run.program.chunk.as_deref().map_or_else(
            || wit::program::Chunk {
                name: String::new(),
                code: Vec::new(),
            },
            wit::program::Chunk::from,
        ))
    }

    async fn module(&mut self, name: String) -> Answer<Option<wit::program::Chunk>> {
        if let Err(error) = named("name", &name) {
            return answer(self, Err(error));
        }
        let found = Guest::module(self, name).await;
        answer(
            self,
            found.map(|found| found.as_deref().map(wit::program::Chunk::from)),
        )
    }

    fn prepared(&mut self, code: Vec<u8>) -> wasmtime::Result<()> {
        Guest::prepared(self, &code);
        Ok(())
    }

    fn finish(&mut self, result: Option<Vec<u8>>) -> wasmtime::Result<()> {
        Guest::finish(self, result.as_deref());
        Ok(())
    }

    fn fail(&mut self, error: wit::types::Error) -> wasmtime::Result<()> {
        Guest::fail(self, error.into());
        Ok(())
    }

    fn exit(&mut self, status: i32) -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Unwind::Exit(status)))
    }
}

impl From<&crate::code::program::Chunk> for wit::program::Chunk {
    fn from(chunk: &crate::code::program::Chunk) -> Self {
        wit::program::Chunk {
            name: chunk.name.to_string(),
            code: chunk.code.to_vec(),
        }
    }
}
