//! The events a process has not read.

use std::collections::VecDeque;

use crate::event::Event;
use crate::moment::Timestamp;
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::sync::Arc;

/// The queue of events of one process. It cannot be flooded: at most one CANCEL
/// waits, and the unread EXITs and LINK_DOWNs are counted with the monitors and
/// links they came from.
#[derive(Debug, Default)]
pub(crate) struct Events {
    opened: bool,
    queue: VecDeque<Queued>,
    exits: usize,
    link_downs: usize,
}

#[derive(Debug)]
struct Queued {
    /// Whom it is about; absent for a CANCEL.
    about: Option<Pid>,
    event: Event,
}

/// An exit, as everyone who is told sees it.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) pid: Pid,
    pub(crate) text: Arc<str>,
    pub(crate) at: Timestamp,
    pub(crate) outcome: Arc<Outcome>,
}

impl Events {
    pub(crate) fn open(&mut self) {
        self.opened = true;
    }

    /// Ends the subscription; the events stay.
    pub(crate) fn close(&mut self) {
        self.opened = false;
    }

    pub(crate) fn is_open(&self) -> bool {
        self.opened
    }

    /// Unread EXITs.
    pub(crate) fn exits(&self) -> usize {
        self.exits
    }

    /// Unread LINK_DOWNs.
    pub(crate) fn link_downs(&self) -> usize {
        self.link_downs
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Takes the oldest, if the queue was opened.
    pub(crate) fn take(&mut self) -> Option<Event> {
        if !self.opened {
            return None;
        }
        let Queued { event, .. } = self.queue.pop_front()?;
        match event {
            Event::Exit { .. } => self.exits -= 1,
            Event::LinkDown { .. } => self.link_downs -= 1,
            Event::Cancel { .. } => {}
        }
        if self.queue.is_empty() {
            self.queue = VecDeque::new();
        }
        Some(event)
    }

    pub(crate) fn push_exit(&mut self, notice: &Notice) {
        self.exits += 1;
        self.queue.push_back(Queued {
            about: Some(notice.pid),
            event: Event::Exit {
                from: Arc::clone(&notice.text),
                at: notice.at,
                outcome: Arc::clone(&notice.outcome),
            },
        });
    }

    pub(crate) fn push_link_down(&mut self, notice: &Notice) {
        self.link_downs += 1;
        self.queue.push_back(Queued {
            about: Some(notice.pid),
            event: Event::LinkDown {
                from: Arc::clone(&notice.text),
                at: notice.at,
                outcome: Arc::clone(&notice.outcome),
            },
        });
    }

    /// Adds a CANCEL, or replaces the one that waits if the new deadline is
    /// earlier. Returns whether it was added.
    pub(crate) fn push_cancel(
        &mut self,
        from: Option<Arc<str>>,
        at: Timestamp,
        deadline: Option<Timestamp>,
    ) -> bool {
        let event = Event::Cancel { from, at, deadline };
        let waiting = self
            .queue
            .iter_mut()
            .find_map(|queued| match &queued.event {
                Event::Cancel { deadline, .. } => Some((*deadline, &mut queued.event)),
                Event::Exit { .. } | Event::LinkDown { .. } => None,
            });
        match waiting {
            None => {
                self.queue.push_back(Queued { about: None, event });
                true
            }
            Some((present, waiting)) => {
                let earlier = match (deadline, present) {
                    (Some(new), Some(present)) => new < present,
                    (new, _) => new.is_some() && present.is_none(),
                };
                if earlier {
                    *waiting = event;
                }
                false
            }
        }
    }

    /// Drops an unread EXIT of a process.
    pub(crate) fn drop_exit(&mut self, of: Pid) {
        if self.exits > 0 {
            self.queue.retain(|queued| {
                !(queued.about == Some(of) && matches!(queued.event, Event::Exit { .. }))
            });
            self.recount();
        }
    }

    /// Drops an unread LINK_DOWN of a process.
    pub(crate) fn drop_link_down(&mut self, of: Pid) {
        if self.link_downs > 0 {
            self.queue.retain(|queued| {
                !(queued.about == Some(of) && matches!(queued.event, Event::LinkDown { .. }))
            });
            self.recount();
        }
    }

    fn recount(&mut self) {
        let exits = self
            .queue
            .iter()
            .filter(|queued| matches!(queued.event, Event::Exit { .. }));
        self.exits = exits.count();
        let link_downs = self
            .queue
            .iter()
            .filter(|queued| matches!(queued.event, Event::LinkDown { .. }));
        self.link_downs = link_downs.count();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

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
        let mut cancel =
            |deadline: Option<i64>| events.push_cancel(None, Timestamp(0), deadline.map(Timestamp));
        assert!(cancel(None));
        assert!(!cancel(Some(50)));
        assert!(!cancel(Some(90)));
        assert!(!cancel(None));
        assert!(!cancel(Some(40)));
        assert_eq!(deadlines(&mut events), [Some(40)]);
        assert!(events.push_cancel(None, Timestamp(0), None));
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
}
