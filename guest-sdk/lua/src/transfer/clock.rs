//! Channels that the clock fills: timers and tickers. Nothing runs for them;
//! whether they have rung is seen when somebody looks.

use mlua_sys::lua_pushnil;
use warren_guest::clock;

use crate::exchange::{Built, protected};
use crate::runtime::Runtime;
use crate::stack::State;
use crate::tasks::{Again, Alarm, Channel, Source};
use crate::time;

/// Pushes the Time at which the alarm of `channel` has rung, and sets the next
/// one, if there is one. `now` is the monotonic time, not before the alarm.
/// The caller then [settles](super::settle) the channel.
///
/// # Safety
/// `l` is a live Lua thread with four free stack slots. Does not raise.
pub(crate) unsafe fn push_ring(l: State, channel: &mut Channel, now: u64) -> Built {
    let Source::Clock(alarm) = &mut channel.source else {
        // SAFETY: as promised by the caller.
        unsafe { lua_pushnil(l) };
        return Built::Values(1);
    };
    let late = now - alarm.advance(now);
    let at = clock::now().saturating_sub_unsigned(late);
    // SAFETY: as promised by the caller.
    unsafe { protected(l, &at.to_le_bytes(), time::build_moment) }
}

/// Sets an alarm anew, or with `None` stops it, which ends the plain receives
/// that wait. True where the alarm before lay ahead.
///
/// # Safety
/// `channel` is alive, and the scheduler has room for one more alarm.
pub(crate) unsafe fn set_alarm(rt: &Runtime, channel: *mut Channel, next: Option<u64>) -> bool {
    // SAFETY: as promised by the caller; a thread that waits keeps a slot free
    // for the nil.
    unsafe {
        let Source::Clock(alarm) = &mut (*channel).source else {
            return false;
        };
        let before = std::mem::replace(&mut alarm.next, next);
        alarm.stopped = next.is_none();
        rt.scheduler.borrow_mut().alarm_changed(channel);
        if next.is_none() {
            let mut place = (*channel).receivers.first();
            while let Some(waiter) = place {
                let (receiver, following) = rt.scheduler.borrow().plain_receiver(waiter);
                if let Some(receiver) = receiver {
                    lua_pushnil(receiver.thread);
                    rt.scheduler.borrow_mut().part(receiver, false);
                }
                place = following;
            }
        }
        before.is_some_and(|before| before > clock::monotonic())
    }
}

impl Alarm {
    /// Sets the next alarm of one that has rung, and yields when it did. A
    /// ticker keeps its beat and leaves out what nobody has waited for.
    fn advance(&mut self, now: u64) -> u64 {
        let due = self.next.unwrap_or(now).min(now);
        self.next = match self.again {
            Again::Never | Again::OnReset => None,
            Again::After(period) => {
                let beats = (now - due) / period.max(1) + 1;
                Some(due.saturating_add(beats.saturating_mul(period)))
            }
        };
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_rings_once() {
        let mut timer = Alarm {
            next: Some(10),
            again: Again::OnReset,
            stopped: false,
        };
        assert_eq!((timer.advance(12), timer.next), (10, None));
    }

    #[test]
    fn a_ticker_keeps_its_beat_and_drops_what_was_missed() {
        let mut ticker = Alarm {
            next: Some(10),
            again: Again::After(10),
            stopped: false,
        };
        assert_eq!((ticker.advance(10), ticker.next), (10, Some(20)));
        assert_eq!((ticker.advance(57), ticker.next), (20, Some(60)));
    }
}
