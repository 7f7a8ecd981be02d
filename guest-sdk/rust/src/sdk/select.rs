//! Waiting for several things at once.

use core::time::Duration;

use super::event::{Event, Events, Outcome, event};
use super::queue::{Message, Queue, deadline, receive};
use super::spawn::{Pending, outcome};
use super::store::{Change, Watch, change};
use super::time::{Instant, Timer};
use crate::Error;
use crate::mailbox::Subscription;

/// A source of a [`Select`]: a [`Queue`], the [`Events`], a [`Timer`], a
/// [`Pending`] process or call, or the [`Watch`] of a store.
pub trait Source: sealed::Source {}

impl<S: sealed::Source> Source for S {}

mod sealed {
    use super::{Error, Message, Subscription, Timer};

    pub trait Source {
        type Item;

        fn kind(&self) -> Kind<'_>;

        /// Returns the item of a message, `None` if a timer rang.
        fn item(&self, message: Option<Message>) -> Result<Self::Item, Error>;
    }

    pub enum Kind<'a> {
        Subscription(Subscription),
        Timer(&'a Timer),
    }
}

use sealed::Kind;

fn message_of(message: Option<Message>) -> Result<Message, Error> {
    message.ok_or_else(|| Error::internal("a queue yielded no message"))
}

impl sealed::Source for Queue {
    type Item = Message;

    fn kind(&self) -> Kind<'_> {
        Kind::Subscription(self.subscription())
    }

    fn item(&self, message: Option<Message>) -> Result<Message, Error> {
        message_of(message)
    }
}

impl sealed::Source for Events {
    type Item = Event;

    fn kind(&self) -> Kind<'_> {
        self.queue().kind()
    }

    fn item(&self, message: Option<Message>) -> Result<Event, Error> {
        event(&message_of(message)?)
    }
}

impl sealed::Source for Watch {
    type Item = Change;

    fn kind(&self) -> Kind<'_> {
        self.queue().kind()
    }

    fn item(&self, message: Option<Message>) -> Result<Change, Error> {
        change(&message_of(message)?)
    }
}

impl sealed::Source for Pending {
    type Item = Outcome;

    fn kind(&self) -> Kind<'_> {
        self.queue().kind()
    }

    fn item(&self, message: Option<Message>) -> Result<Outcome, Error> {
        outcome(&message_of(message)?)
    }
}

impl sealed::Source for Timer {
    type Item = ();

    fn kind(&self) -> Kind<'_> {
        Kind::Timer(self)
    }

    fn item(&self, _message: Option<Message>) -> Result<(), Error> {
        Ok(())
    }
}

impl Timer {
    /// Waits until the timer fires. A timer that will not fire again waits for
    /// the process's end.
    ///
    /// # Errors
    ///
    /// There is no memory.
    pub fn wait(&self) -> Result<(), Error> {
        Select::new().on(self, |()| ()).wait()
    }
}

/// Waits for the first of several sources that is ready. If several are ready
/// at once, the first named wins.
///
/// ```no_run
/// use std::time::Duration;
/// use warren_guest::{Error, Event, Message, Select, events, listen, time::Timer};
///
/// enum Step { Job(Message), Event(Event), Idle }
///
/// # fn example() -> Result<(), Error> {
/// let (jobs, events) = (listen("job")?, events());
/// let idle = Timer::after(Duration::from_secs(30));
/// let step = Select::new()
///     .on(&events, Step::Event)
///     .on(&jobs, Step::Job)
///     .on(&idle, |()| Step::Idle)
///     .wait()?;
/// # Ok(()) }
/// ```
#[must_use = "nothing is waited for before `wait`"]
pub struct Select<'a, T> {
    cases: Vec<Case<'a, T>>,
}

struct Case<'a, T> {
    kind: Kind<'a>,
    take: Box<dyn FnOnce(Option<Message>) -> Result<T, Error> + 'a>,
}

impl<T> core::fmt::Debug for Select<'_, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Select")
            .field("cases", &self.cases.len())
            .finish()
    }
}

impl<T> Default for Select<'_, T> {
    fn default() -> Self {
        Select { cases: Vec::new() }
    }
}

impl<'a, T> Select<'a, T> {
    /// Returns a select without sources.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a source; `then` gets its item.
    pub fn on<S: Source>(mut self, source: &'a S, then: impl FnOnce(S::Item) -> T + 'a) -> Self {
        self.cases.push(Case {
            kind: source.kind(),
            take: Box::new(move |message| source.item(message).map(then)),
        });
        self
    }

    /// Waits. Without sources, waits until the process's end.
    ///
    /// # Errors
    ///
    /// There is no memory for the item.
    pub fn wait(self) -> Result<T, Error> {
        let mut select = self;
        loop {
            match select.wait_until(None)? {
                Ok(item) => return Ok(item),
                Err(unready) => select = unready,
            }
        }
    }

    /// Waits, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// There is no memory for the item.
    pub fn wait_timeout(self, timeout: Duration) -> Result<Option<T>, Error> {
        Ok(self.wait_until(Some(deadline(timeout)))?.ok())
    }

    /// Takes a ready item, without waiting.
    ///
    /// # Errors
    ///
    /// There is no memory for the item.
    pub fn poll(self) -> Result<Option<T>, Error> {
        Ok(self.wait_until(Some(0))?.ok())
    }

    /// Returns the first item, or all cases again at the deadline.
    fn wait_until(mut self, limit: Option<u64>) -> Result<Result<T, Self>, Error> {
        let now = Instant::now();
        let rung = self
            .cases
            .iter()
            .position(|case| matches!(case.kind, Kind::Timer(timer) if timer.at() <= Some(now) && timer.at().is_some()));
        // A timer that fired takes the turn of the sources named after it, and
        // of none before it.
        let asked = &self.cases[..rung.unwrap_or(self.cases.len())];
        let wanted: Vec<Subscription> = asked
            .iter()
            .filter_map(|case| match case.kind {
                Kind::Subscription(subscription) => Some(subscription),
                Kind::Timer(_) => None,
            })
            .collect();
        let until = match rung {
            Some(_) => Some(0),
            None => earliest(asked, limit),
        };
        if (rung.is_none() || !wanted.is_empty())
            && let Some((subscription, message)) = receive(&wanted, until)?
        {
            let chosen = self.cases.iter().position(
                |case| matches!(case.kind, Kind::Subscription(own) if own == subscription),
            );
            return match chosen {
                Some(chosen) => (self.cases.swap_remove(chosen).take)(Some(message)).map(Ok),
                None => Err(Error::internal("a message of a queue nobody asked for")),
            };
        }
        let now = Instant::now();
        let rung = rung.or_else(|| {
            self.cases
                .iter()
                .position(|case| matches!(case.kind, Kind::Timer(timer) if timer.at().is_some_and(|at| at <= now)))
        });
        let Some(rung) = rung else {
            return Ok(Err(self));
        };
        let case = self.cases.swap_remove(rung);
        if let Kind::Timer(timer) = case.kind {
            timer.fire();
        }
        (case.take)(None).map(Ok)
    }
}

/// Returns the earliest of the timers and the limit.
fn earliest<T>(cases: &[Case<'_, T>], limit: Option<u64>) -> Option<u64> {
    let timers = cases.iter().filter_map(|case| match case.kind {
        Kind::Timer(timer) => timer.at().map(Instant::nanoseconds),
        Kind::Subscription(_) => None,
    });
    timers.chain(limit).min()
}

#[cfg(test)]
mod tests {
    use super::super::{events, inbox, listen};
    use super::*;
    use crate::mock;

    const MS: Duration = Duration::from_millis(1);

    fn deliver(topic: &str) {
        mock::with(|runtime| runtime.deliver("{a:b|1}", topic, b"\x90"));
    }

    #[test]
    fn the_first_named_wins() {
        mock::reset();
        let (a, b) = (listen("a").unwrap(), listen("b").unwrap());
        deliver("b");
        deliver("a");
        let next = || {
            Select::new()
                .on(&a, |_| "a")
                .on(&b, |_| "b")
                .poll()
                .unwrap()
        };
        assert_eq!([next(), next(), next()], [Some("a"), Some("b"), None]);
    }

    #[test]
    fn a_timer_has_its_place_in_the_order() {
        mock::reset();
        let (first, second) = (listen("first").unwrap(), listen("second").unwrap());
        let timer = Timer::after(MS);
        mock::with(|runtime| runtime.monotonic += 2_000_000);
        deliver("second");
        let next = || {
            Select::new()
                .on(&first, |_| "first")
                .on(&timer, |()| "timer")
                .on(&second, |_| "second")
                .poll()
                .unwrap()
        };
        assert_eq!(next(), Some("timer"));
        assert_eq!(next(), Some("second"));
        timer.reset(Duration::ZERO);
        deliver("first");
        assert_eq!(next(), Some("first"));
        assert_eq!(next(), Some("timer"));
        assert_eq!(next(), None);
    }

    #[test]
    fn waiting_lets_the_timer_fire() {
        mock::reset();
        let tick = Timer::every(MS);
        let inbox = inbox();
        let began = Instant::now();
        for _ in 0..3 {
            let rang = Select::new().on(&inbox, |_| false).on(&tick, |()| true);
            assert!(rang.wait().unwrap());
        }
        assert_eq!(began.elapsed(), 3 * MS);
        tick.stop();
        let waited = Select::new().on(&tick, |()| ()).wait_timeout(MS).unwrap();
        assert_eq!(waited, None);
    }

    #[test]
    fn items_that_are_not_selected_stay() {
        mock::reset();
        let (jobs, events) = (listen("job").unwrap(), events());
        deliver("job");
        Select::new().on(&events, |_| ()).poll().unwrap();
        assert_eq!(jobs.try_recv().unwrap().unwrap().topic(), "job");
    }
}
