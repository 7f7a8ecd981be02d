//! The events a process has not read.

use std::collections::{HashSet, VecDeque};

use crate::event::Event;
use crate::moment::Timestamp;
use crate::outcome::Outcome;
use crate::pid::{Pid, PidMap};
use crate::sync::Arc;

/// The queue of events of one process. The queue cannot be flooded: at most one
/// CANCEL and one OUTDATED wait, and unread EXITs and LINK_DOWNs count against the
/// limits of the monitors and links they came from.
#[derive(Debug, Default)]
pub(crate) struct Events {
    opened: bool,
    /// True once the queue was opened, also after the end of the subscription.
    was_opened: bool,
    queue: VecDeque<Queued>,
    /// The number of the next event.
    next: u64,
    /// Events in the queue that were not dropped.
    len: usize,
    exits: usize,
    link_downs: usize,
    /// Bytes of the outcomes and reasons in the queue, and of the sources of the OUTDATED.
    outcome_bytes: usize,
    /// Number of the CANCEL that waits.
    cancel: Option<u64>,
    /// Numbers of the waiting events, by process. Built the first time somebody
    /// asks while the queue is long, so that dropping many events one by one
    /// does not scan all of them each time.
    numbers: Option<PidMap<Numbers>>,
}

#[derive(Debug)]
struct Queued {
    /// Number of the event; grows along the queue.
    number: u64,
    /// The process the event is about; absent for a CANCEL and an OUTDATED.
    about: Option<Pid>,
    /// The event; absent once dropped.
    event: Option<Event>,
}

/// The numbers of the events about one process.
#[derive(Debug, Default)]
struct Numbers {
    exit: Option<u64>,
    link_down: Option<u64>,
}

/// Sources that one OUTDATED names; further ones are left out.
pub const MAX_OUTDATED_SOURCES: usize = 1_000;

/// Length up to which the queue is scanned.
const FEW: usize = 16;

/// An exit, as every process that is told of it sees it.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) pid: Pid,
    pub(crate) text: Arc<str>,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Arc<Outcome>,
}

impl Notice {
    /// Returns this notice with another outcome.
    pub(crate) fn telling(&self, outcome: Arc<Outcome>) -> Notice {
        Notice {
            outcome,
            ..self.clone()
        }
    }
}

impl Events {
    pub(crate) fn open(&mut self) {
        self.opened = true;
        self.was_opened = true;
    }

    /// Ends the subscription; the events stay.
    pub(crate) fn close(&mut self) {
        self.opened = false;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.opened
    }

    /// Returns whether the queue is or was open.
    pub(crate) fn was_opened(&self) -> bool {
        self.was_opened
    }

    /// Returns the number of unread EXITs.
    pub(crate) fn exits(&self) -> usize {
        self.exits
    }

    /// Returns the number of unread LINK_DOWNs.
    pub(crate) fn link_downs(&self) -> usize {
        self.link_downs
    }

    /// Returns the bytes of the outcomes, reasons and sources that wait to be read.
    pub(crate) fn outcome_bytes(&self) -> usize {
        self.outcome_bytes
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes the oldest event, if the queue was opened.
    pub(crate) fn take(&mut self) -> Option<Event> {
        if !self.opened {
            return None;
        }
        loop {
            let Queued { about, event, .. } = self.queue.pop_front()?;
            if let Some(event) = event {
                self.forget(about, &event);
                if self.len == 0 {
                    self.queue = VecDeque::new();
                    self.numbers = None;
                }
                return Some(event);
            }
        }
    }

    pub(crate) fn push_exit(&mut self, notice: &Notice) {
        self.exits += 1;
        let event = Event::Exit {
            from: (&notice.text).into(),
            at: notice.at,
            outcome: Arc::clone(&notice.outcome),
        };
        let number = self.push(Some(notice.pid), event);
        if let Some(numbers) = &mut self.numbers {
            numbers.entry(notice.pid).or_default().exit = Some(number);
        }
    }

    pub(crate) fn push_link_down(&mut self, notice: &Notice) {
        self.link_downs += 1;
        let event = Event::LinkDown {
            from: (&notice.text).into(),
            at: notice.at,
            outcome: Arc::clone(&notice.outcome),
        };
        let number = self.push(Some(notice.pid), event);
        if let Some(numbers) = &mut self.numbers {
            numbers.entry(notice.pid).or_default().link_down = Some(number);
        }
    }

    /// Adds a CANCEL, or replaces the waiting CANCEL if the new deadline is
    /// earlier. Returns whether an event was added.
    pub(crate) fn push_cancel(
        &mut self,
        from: Option<Arc<str>>,
        at: Timestamp,
        deadline: Option<Timestamp>,
        reason: Option<Arc<str>>,
    ) -> bool {
        let event = Event::Cancel {
            from: from.map(Into::into),
            at,
            deadline,
            reason,
        };
        let waiting = self.cancel.and_then(|number| self.position(number));
        let Some(waiting) = waiting else {
            self.cancel = Some(self.push(None, event));
            return true;
        };
        if let Some(waiting) = &mut self.queue[waiting].event
            && let Event::Cancel {
                deadline: present, ..
            } = waiting
        {
            let earlier = match (deadline, *present) {
                (Some(new), Some(present)) => new < present,
                (new, _) => new.is_some() && present.is_none(),
            };
            if earlier {
                self.outcome_bytes += bytes_of(&event);
                self.outcome_bytes -= bytes_of(waiting);
                *waiting = event;
            }
        }
        false
    }

    /// Adds an OUTDATED, or the sources to the waiting OUTDATED. Returns whether an event
    /// was added.
    pub(crate) fn push_outdated(&mut self, at: Timestamp, sources: &[Arc<str>]) -> bool {
        let Some(waiting) = self.waiting_outdated() else {
            let sources = sources.iter().take(MAX_OUTDATED_SOURCES).cloned().collect();
            self.push(None, Event::Outdated { at, sources });
            return true;
        };
        if let Some(Event::Outdated {
            at: told,
            sources: known,
        }) = &mut self.queue[waiting].event
        {
            *told = at;
            let before = sources_bytes(known);
            let mut had: HashSet<Arc<str>> = known.iter().cloned().collect();
            for source in sources {
                if known.len() < MAX_OUTDATED_SOURCES && had.insert(Arc::clone(source)) {
                    known.push(Arc::clone(source));
                }
            }
            self.outcome_bytes += sources_bytes(known) - before;
        }
        false
    }

    /// Drops an unread OUTDATED: other code runs now.
    pub(crate) fn drop_outdated(&mut self) {
        if let Some(waiting) = self.waiting_outdated() {
            self.drop_at(waiting, None);
        }
    }

    /// Adds a NODE_UP, NODE_DOWN or NAME_LOST, and drops an unread event about the same node
    /// or name: the latest news of each are enough, and no more can wait.
    pub(crate) fn push_cluster(&mut self, event: Event) {
        let subject = subject_of(&event).cloned();
        let waiting = self.queue.iter().position(|queued| {
            let waiting = queued.event.as_ref();
            subject.is_some() && waiting.and_then(subject_of) == subject.as_ref()
        });
        if let Some(waiting) = waiting {
            self.drop_at(waiting, None);
        }
        self.push(None, event);
    }

    /// Returns the position of the OUTDATED that waits. Scans the queue, which happens
    /// once in a reload or an upgrade: its number would cost every process memory.
    fn waiting_outdated(&self) -> Option<usize> {
        let is_outdated = |queued: &Queued| matches!(queued.event, Some(Event::Outdated { .. }));
        self.queue.iter().position(is_outdated)
    }

    /// Drops an unread EXIT of a process.
    pub(crate) fn drop_exit(&mut self, of: Pid) {
        if self.exits > 0 {
            self.drop_event(of, |event| matches!(event, Event::Exit { .. }));
        }
    }

    /// Drops an unread LINK_DOWN of a process.
    pub(crate) fn drop_link_down(&mut self, of: Pid) {
        if self.link_downs > 0 {
            self.drop_event(of, |event| matches!(event, Event::LinkDown { .. }));
        }
    }

    /// Returns the process that the latest unread EXIT or LINK_DOWN with this text is about.
    /// Scans the queue, for a process of another node alone: this node has forgotten it.
    pub(crate) fn told_of(&self, text: &str) -> Option<Pid> {
        if self.exits == 0 && self.link_downs == 0 {
            return None;
        }
        self.queue.iter().rev().find_map(|queued| {
            step();
            match &queued.event {
                Some(Event::Exit { from, .. } | Event::LinkDown { from, .. }) => {
                    queued.about.filter(|_| from.as_str() == text)
                }
                _ => None,
            }
        })
    }

    fn push(&mut self, about: Option<Pid>, event: Event) -> u64 {
        let number = self.next;
        self.next += 1;
        self.len += 1;
        self.outcome_bytes += bytes_of(&event);
        self.queue.push_back(Queued {
            number,
            about,
            event: Some(event),
        });
        number
    }

    /// Drops the event about a process that is of a kind.
    fn drop_event(&mut self, of: Pid, is_kind: fn(&Event) -> bool) {
        let position = if self.queue.len() <= FEW {
            self.queue.iter().position(|queued| {
                step();
                queued.about == Some(of) && queued.event.as_ref().is_some_and(is_kind)
            })
        } else {
            let numbers = match &mut self.numbers {
                Some(numbers) => numbers,
                numbers => numbers.insert(numbers_of(&self.queue)),
            };
            let known = numbers.get(&of);
            let numbers = known.map(|numbers| [numbers.exit, numbers.link_down]);
            let mut numbers = numbers.into_iter().flatten().flatten();
            numbers.find_map(|number| {
                let position = self.position(number)?;
                let event = self.queue[position].event.as_ref();
                event.is_some_and(is_kind).then_some(position)
            })
        };
        if let Some(position) = position {
            self.drop_at(position, Some(of));
        }
    }

    fn drop_at(&mut self, position: usize, about: Option<Pid>) {
        if let Some(event) = self.queue[position].event.take() {
            self.forget(about, &event);
        }
        if self.len == 0 {
            self.queue = VecDeque::new();
            self.numbers = None;
        } else if self.queue.len() > FEW && self.len < self.queue.len() / 2 {
            self.queue.retain(|queued| {
                step();
                queued.event.is_some()
            });
        }
    }

    /// Updates the counts for an event that has left the queue.
    fn forget(&mut self, about: Option<Pid>, event: &Event) {
        self.len -= 1;
        self.outcome_bytes -= bytes_of(event);
        let numbers = self.numbers.as_mut().zip(about);
        let numbers = numbers.and_then(|(numbers, about)| numbers.get_mut(&about));
        match event {
            Event::Exit { .. } => {
                self.exits -= 1;
                if let Some(numbers) = numbers {
                    numbers.exit = None;
                }
            }
            Event::LinkDown { .. } => {
                self.link_downs -= 1;
                if let Some(numbers) = numbers {
                    numbers.link_down = None;
                }
            }
            Event::Cancel { .. } => self.cancel = None,
            Event::Outdated { .. }
            | Event::NodeUp { .. }
            | Event::NodeDown { .. }
            | Event::NameLost { .. } => {}
        }
        if let (Some(numbers), Some(about)) = (&mut self.numbers, about)
            && let Some(Numbers {
                exit: None,
                link_down: None,
            }) = numbers.get(&about)
        {
            numbers.remove(&about);
        }
    }

    /// Returns the position of the event with this number.
    fn position(&self, number: u64) -> Option<usize> {
        let found = self.queue.binary_search_by_key(&number, |queued| {
            step();
            queued.number
        });
        found.ok()
    }
}

/// Returns the bytes of the outcome, reason or sources that an event carries.
fn bytes_of(event: &Event) -> usize {
    match event {
        Event::Exit { outcome, .. } | Event::LinkDown { outcome, .. } => outcome.bytes(),
        Event::Cancel { reason, .. } => reason.as_ref().map_or(0, |reason| reason.len()),
        Event::Outdated { sources, .. } => sources_bytes(sources),
        Event::NodeUp { node: text, .. }
        | Event::NodeDown { node: text, .. }
        | Event::NameLost { name: text, .. } => text.len(),
    }
}

/// Returns the node or the name that news of the cluster are about.
fn subject_of(event: &Event) -> Option<&Arc<str>> {
    match event {
        Event::NodeUp { node: text, .. }
        | Event::NodeDown { node: text, .. }
        | Event::NameLost { name: text, .. } => Some(text),
        _ => None,
    }
}

fn sources_bytes(sources: &[Arc<str>]) -> usize {
    sources.iter().map(|id| size_of_val(id) + id.len()).sum()
}

/// Returns the numbers of the waiting events, by process.
fn numbers_of(queue: &VecDeque<Queued>) -> PidMap<Numbers> {
    let mut all: PidMap<Numbers> = PidMap::default();
    for queued in queue {
        step();
        let Some(about) = queued.about else { continue };
        match &queued.event {
            Some(Event::Exit { .. }) => all.entry(about).or_default().exit = Some(queued.number),
            Some(Event::LinkDown { .. }) => {
                all.entry(about).or_default().link_down = Some(queued.number);
            }
            Some(_) | None => {}
        }
    }
    all
}

/// Counts one event that was looked at, for tests that bound the number of
/// looks.
#[inline]
fn step() {
    #[cfg(test)]
    crate::work::step();
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;
    use crate::work;

    fn notice(number: u64) -> Notice {
        let pid = Pid::new(NonZeroU64::new(number).unwrap());
        Notice {
            pid,
            text: pid.text("a:b"),
            at: Timestamp(0),
            outcome: Arc::new(Outcome::Returned(None)),
        }
    }

    fn deadlines(events: &mut Events) -> Vec<Option<i64>> {
        events.open();
        std::iter::from_fn(|| events.take())
            .map(|event| match event {
                Event::Cancel { deadline, .. } => deadline.map(|deadline| deadline.0),
                other => panic!("not a cancel: {other:?}"),
            })
            .collect()
    }

    #[test]
    fn events_wait_until_the_queue_is_opened() {
        let mut events = Events::default();
        events.push_exit(&notice(1));
        assert_eq!(events.take(), None);
        events.open();
        assert!(matches!(events.take(), Some(Event::Exit { .. })));
        assert_eq!(events.exits(), 0);
    }

    #[test]
    fn one_cancel_waits_and_an_earlier_deadline_replaces_it() {
        let mut events = Events::default();
        let mut cancel = |deadline: Option<i64>| {
            events.push_cancel(None, Timestamp(0), deadline.map(Timestamp), None)
        };
        assert!(cancel(None));
        assert!(!cancel(Some(50)));
        assert!(!cancel(Some(90)));
        assert!(!cancel(None));
        assert!(!cancel(Some(40)));
        assert_eq!(deadlines(&mut events), [Some(40)]);
        assert!(events.push_cancel(None, Timestamp(0), None, None));
    }

    #[test]
    fn the_reason_of_the_waiting_cancel_counts() {
        let mut events = Events::default();
        let mut cancel = |deadline, reason: &str| {
            events.push_cancel(
                None,
                Timestamp(0),
                Some(Timestamp(deadline)),
                Some(reason.into()),
            );
            events.outcome_bytes()
        };
        assert_eq!(cancel(50, "four"), 4);
        assert_eq!(cancel(60, "ignored"), 4);
        assert_eq!(cancel(40, "at once"), 7);
        events.open();
        let Some(Event::Cancel { reason, .. }) = events.take() else {
            panic!("a cancel");
        };
        assert_eq!(
            (reason.as_deref(), events.outcome_bytes()),
            (Some("at once"), 0)
        );
    }

    #[test]
    fn the_latest_news_of_each_node_wait() {
        let mut events = Events::default();
        events.open();
        let at = Timestamp(0);
        let up = |node: &str| Event::NodeUp {
            node: node.into(),
            at,
        };
        let down = |node: &str| Event::NodeDown {
            node: node.into(),
            at,
        };
        for event in [up("a"), up("b"), down("a"), up("a"), down("a")] {
            events.push_cluster(event);
        }
        let read: Vec<_> = std::iter::from_fn(|| events.take()).collect();
        assert_eq!(read, [up("b"), down("a")]);
        assert_eq!((events.len(), events.outcome_bytes()), (0, 0));
    }

    #[test]
    fn one_outdated_waits_with_the_union_of_the_sources() {
        let mut events = Events::default();
        let ids = |ids: &[&str]| -> Vec<Arc<str>> { ids.iter().map(|id| Arc::from(*id)).collect() };
        assert!(events.push_outdated(Timestamp(1), &ids(&["a:a", "a:b"])));
        assert!(!events.push_outdated(Timestamp(2), &ids(&["a:b", "a:c"])));
        let bytes = events.outcome_bytes();
        assert_eq!(bytes, sources_bytes(&ids(&["a:a", "a:b", "a:c"])));
        events.open();
        let expected = Event::Outdated {
            at: Timestamp(2),
            sources: ids(&["a:a", "a:b", "a:c"]),
        };
        assert_eq!(events.take(), Some(expected));
        assert_eq!((events.outcome_bytes(), events.len()), (0, 0));

        // One that was dropped is told again as a new one; the others stay.
        events.push_exit(&notice(1));
        assert!(events.push_outdated(Timestamp(3), &ids(&["a:a"])));
        events.drop_outdated();
        events.drop_outdated();
        assert_eq!((events.outcome_bytes(), events.len()), (0, 1));
        let many: Vec<_> = (0..MAX_OUTDATED_SOURCES + 7)
            .map(|n| Arc::from(format!("a:{n}")))
            .collect();
        assert!(events.push_outdated(Timestamp(4), &ids(&["a:a"])));
        events.push_outdated(Timestamp(5), &many);
        assert!(matches!(events.take(), Some(Event::Exit { .. })));
        let Some(Event::Outdated { sources, .. }) = events.take() else {
            panic!("no event");
        };
        assert_eq!(sources.len(), MAX_OUTDATED_SOURCES);
    }

    #[test]
    fn dropping_takes_the_events_of_one_process_and_one_kind() {
        let mut events = Events::default();
        events.push_link_down(&notice(1));
        events.push_exit(&notice(1));
        events.push_exit(&notice(2));
        events.drop_exit(notice(1).pid);
        events.drop_exit(notice(1).pid);
        assert_eq!(
            (events.exits(), events.link_downs(), events.len()),
            (1, 1, 2)
        );
        events.drop_link_down(notice(1).pid);
        assert_eq!(
            (events.exits(), events.link_downs(), events.len()),
            (1, 0, 1)
        );
    }

    #[test]
    fn dropping_one_of_many_looks_at_few() {
        let steps = |n: u64| {
            let mut events = Events::default();
            for number in 1..=n {
                events.push_exit(&notice(number));
                events.push_link_down(&notice(number));
            }
            events.push_cancel(None, Timestamp(0), None, None);
            let steps = work::of(|| {
                for number in 1..=n {
                    events.drop_exit(notice(number).pid);
                    events.drop_exit(notice(number).pid);
                    events.push_cancel(None, Timestamp(0), Some(Timestamp(-(number as i64))), None);
                }
            });
            assert_eq!(events.exits(), 0);
            assert_eq!(
                (events.link_downs(), events.len()),
                (n as usize, n as usize + 1)
            );
            events.drop_link_down(notice(n).pid);
            events.open();
            let read = std::iter::from_fn(|| events.take()).count();
            assert_eq!((read, events.len()), (n as usize, 0));
            steps / n
        };
        // A binary search takes two steps more.
        assert!(
            steps(4000) < steps(1000) + 20,
            "{} {}",
            steps(4000),
            steps(1000)
        );
        assert!(steps(4000) < 100);
    }
}
