//! The tasks that wait for answers to calls.

use super::answers::task_of;
use super::channel::{ChannelRef, Source};
use super::{Meeting, Scheduler};

impl Scheduler {
    /// Returns the parked task that may wait for the answer with a number. It does if
    /// that number is on its stack below its first case.
    pub(crate) fn meet_answer(&self, number: i64) -> Option<Meeting> {
        let task = self.tasks.get(task_of(number))?.as_ref()?;
        let mut place = task.waiters;
        while let Some(waiter) = place {
            let waiter = *self.waiters.get(waiter as usize)?;
            if matches!(waiter.channel.source, Source::Answers(_)) {
                return self.meet_waiter(waiter);
            }
            place = waiter.sibling;
        }
        None
    }

    /// Notes that a call was given up, whose answer is to be dropped.
    pub(crate) fn gave_up(&mut self) {
        self.change_late(|late| late.saturating_add(1));
    }

    /// Notes that an answer was dropped.
    pub(crate) fn dropped_answer(&mut self) {
        self.change_late(|late| late.saturating_sub(1));
    }

    fn change_late(&mut self, change: impl FnOnce(u32) -> u32) {
        if let Some(channel) = self.answers
            && let Source::Answers(answers) = &channel.source
        {
            answers.change_late(change);
            self.update_wanted(channel);
        }
    }

    /// The channel of the answers, if the process has made a call.
    pub(crate) fn answers(&self) -> Option<ChannelRef> {
        self.answers
    }

    /// Sets the channel of the answers, which lives as long as the process.
    pub(crate) fn set_answers(&mut self, channel: ChannelRef) {
        self.answers = Some(channel);
    }
}
