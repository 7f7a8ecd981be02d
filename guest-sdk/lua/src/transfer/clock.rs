//! Channels that the clock fills: timers and tickers. Nothing runs for them;
//! whether they have rung is seen when somebody looks.

use warren_guest::clock;

use crate::exchange::{Built, protected};
use crate::interpreter::Interpreter;
use crate::lua::State;
use crate::tasks::{Again, Alarm, ChannelRef, Source};
use crate::time;

/// Pushes the Time at which the alarm of `channel` has rung, and sets the next
/// one, if there is one. `now` is the monotonic time, not before the alarm.
/// The caller then [settles](super::settle) the channel.
/// Does not raise.
pub(crate) fn push_ring(l: State, channel: ChannelRef, now: u64) -> Built {
    let Source::Clock(alarm) = &channel.source else {
        l.push_nil();
        return Built::Values(1);
    };
    let late = now - alarm.advance(now);
    let at = clock::now().saturating_sub_unsigned(late);
    protected(l, &at.to_le_bytes(), time::build_moment)
}

/// Sets an alarm anew, or with `None` stops it, which ends the plain receives
/// that wait. True where the alarm before lay ahead.
pub(crate) fn set_alarm(interpreter: &Interpreter, channel: ChannelRef, next: Option<u64>) -> bool {
    // A thread that waits keeps a slot free for the nil.
    let Source::Clock(alarm) = &channel.source else {
        return false;
    };
    let before = alarm.next.replace(next);
    alarm.stopped.set(next.is_none());
    interpreter.scheduler.borrow_mut().alarm_changed(channel);
    if next.is_none() {
        let mut place = channel.receivers.first();
        while let Some(waiter) = place {
            let (receiver, following) = interpreter.scheduler.borrow().plain_receiver(waiter);
            if let Some(receiver) = receiver {
                receiver.thread.push_nil();
                interpreter.scheduler.borrow_mut().part(receiver, false);
            }
            place = following;
        }
    }
    before.is_some_and(|before| before > clock::monotonic())
}

impl Alarm {
    /// Sets the next alarm of one that has rung, and yields when it did. A
    /// ticker keeps its beat and leaves out what nobody has waited for.
    fn advance(&self, now: u64) -> u64 {
        let due = self.next.get().unwrap_or(now).min(now);
        self.next.set(match self.again {
            Again::Never | Again::OnReset => None,
            Again::After(period) => {
                let beats = (now - due) / period.max(1) + 1;
                Some(due.saturating_add(beats.saturating_mul(period)))
            }
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_timer_rings_once() {
        let timer = Alarm {
            next: Cell::new(Some(10)),
            again: Again::OnReset,
            stopped: Cell::new(false),
        };
        assert_eq!((timer.advance(12), timer.next.get()), (10, None));
    }

    #[test]
    fn a_ticker_keeps_its_beat_and_drops_what_was_missed() {
        let ticker = Alarm {
            next: Cell::new(Some(10)),
            again: Again::After(10),
            stopped: Cell::new(false),
        };
        assert_eq!((ticker.advance(10), ticker.next.get()), (10, Some(20)));
        assert_eq!((ticker.advance(57), ticker.next.get()), (20, Some(60)));
    }
}
