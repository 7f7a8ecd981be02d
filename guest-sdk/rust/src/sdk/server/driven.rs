//! Servers that hold no stack between two messages: `#[warren_guest::serve]`.

use std::cell::RefCell;

use super::{Came, Next, Server, handle};
use crate::sdk::entry::{self, Args};
use crate::sdk::{Select, events, inbox, scratch};
use crate::{Error, mailbox, program};

/// The server of this process, between two calls of the runtime.
type Serving = Box<dyn Handles>;

/// A server whose types are of no interest.
trait Handles {
    fn handle(&mut self, came: Came) -> Result<Next, Error>;
}

impl<S: Server> Handles for S {
    fn handle(&mut self, came: Came) -> Result<Next, Error> {
        handle(self, came)
    }
}

thread_local! {
    static SERVING: RefCell<Option<Serving>> = const { RefCell::new(None) };
}

/// Makes the server and handles what has come so far. The expansion of
/// `#[warren_guest::serve]` calls this function from `start`.
pub fn serve<S: Server + 'static, E: Into<Error>>(make: impl FnOnce(Args) -> Result<S, E>) {
    entry::install();
    let made = entry::arguments().and_then(|args| make(args).map_err(Into::into));
    match made {
        Ok(server) => {
            // Opened before the first wait: both queues are read.
            let _ = (inbox(), events());
            go_on(Box::new(server));
        }
        Err(error) => program::fail(&error),
    }
}

/// Handles what has come. The expansion of `#[warren_guest::serve]` calls this function from
/// `resume`.
pub fn resume() {
    if let Some(serving) = SERVING.take() {
        go_on(serving);
    }
}

/// Handles all events and messages that are there, and then returns to wait.
fn go_on(mut serving: Serving) {
    match handle_all(&mut *serving) {
        Ok(Next::Continue) => SERVING.set(Some(serving)),
        Ok(Next::Stop) => program::finish(None),
        Err(error) => program::fail(&error),
    }
}

fn handle_all(serving: &mut dyn Handles) -> Result<Next, Error> {
    let (inbox, events) = (inbox(), events());
    loop {
        let came = Select::new()
            .on(&events, Came::Event)
            .on(&inbox, Came::Message)
            .poll()?;
        let Some(came) = came else {
            break;
        };
        if serving.handle(came)? == Next::Stop {
            return Ok(Next::Stop);
        }
    }
    let wanted = [mailbox::events(), mailbox::inbox()];
    scratch::with(|buffer| {
        let awaited = mailbox::await_once_returned(&wanted, None, buffer);
        awaited.map_err(|failure| failure.decode())
    })?;
    Ok(Next::Continue)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::{self, Outcome};
    use crate::server::Caller;

    struct Counter(i64);

    impl Server for Counter {
        type Request = i64;
        type Reply = i64;

        fn call(&mut self, number: i64, caller: Caller<i64>) -> Result<Next, Error> {
            self.0 += number;
            caller.reply(&self.0)?;
            Ok(if number == 0 {
                Next::Stop
            } else {
                Next::Continue
            })
        }
    }

    #[test]
    fn a_server_waits_outside_of_its_functions() {
        mock::reset();
        let client = mock::play("client", |_, _| {});
        client.send("call", ("sum", 2));
        serve(|_| Ok::<_, Error>(Counter(1)));
        let awaited = || mock::with(|runtime| runtime.awaited.take());
        assert_eq!(awaited(), Some(vec![mailbox::events(), mailbox::inbox()]));
        client.send("call", ("sum", 3));
        client.send("call", ("sum", 4));
        resume();
        assert!(awaited().is_some());
        assert_eq!(mock::with(|runtime| runtime.outcome.clone()), None);
        client.send("call", ("sum", 0));
        resume();
        assert_eq!(awaited(), None, "it has ended");
        let (outcome, sent) = mock::with(|r| (r.outcome.clone(), r.sent.clone()));
        assert_eq!(outcome, Some(Outcome::Finished(None)));
        let replies: Vec<i64> = sent
            .iter()
            .map(|sent| sent.get::<(bool, i64)>().expect("is a reply").1)
            .collect();
        assert_eq!(replies, [3, 6, 10, 10]);
    }

    #[test]
    fn a_server_that_cannot_be_made_fails() {
        mock::reset();
        serve(|_| Err::<Counter, _>(Error::invalid("no")));
        let outcome = mock::with(|runtime| runtime.outcome.clone());
        assert_eq!(outcome, Some(Outcome::Failed(Error::invalid("no"))));
    }
}
