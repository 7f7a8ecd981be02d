//! Comparison of the kernel and the model.

use std::sync::atomic::Ordering;

use warren_kernel::{Activity, Details, Error, Field, Outcome, Process};

use super::model::{Id, No};
use super::{NAMES, World};

impl World {
    /// Compares everything that can be asked of the kernel.
    pub(super) fn compare(&self) {
        let live = self.model.live();
        assert_eq!(self.kernel.live(), live.len());
        assert_eq!(self.kernel.name_count(), self.model.names.len());
        assert_eq!(self.host.live(), self.model.places());
        for group in NAMES {
            let members = self.kernel.group_members(group, None, usize::MAX);
            let members = members.expect("it is a name");
            let twins = self.model.joins.keys().filter(|(of, _)| of == group);
            let twins: Vec<_> = twins.map(|(_, id)| self.process(*id).pid()).collect();
            let members: Vec<_> = members.iter().map(|member| member.pid()).collect();
            assert_eq!(members, twins, "members of {group}");
        }
        for id in live {
            let (process, twin) = (self.process(id), &self.model.processes[id]);
            let depth = process.depth();
            assert_eq!((depth.messages, depth.bytes, depth.events), twin.depth());
            let counts = process.counts();
            let linked = |&&(one, other): &&(Id, Id)| one == id || other == id;
            assert_eq!(counts.links, self.model.links.iter().filter(linked).count());
            let watches = |&&(one, _): &&(Id, Id)| one == id;
            assert_eq!(
                counts.monitors,
                self.model.monitors.iter().filter(watches).count()
            );
            let named = self.model.names.values().filter(|&&holder| holder == id);
            assert_eq!(counts.names, named.count());
            let joined = self.model.joins.keys().filter(|(_, member)| *member == id);
            assert_eq!(counts.groups, joined.count());
            assert_eq!(counts.execs, twin.execs.len());
            assert_eq!(process.is_doomed(), twin.doom.is_some());
            assert_eq!(
                process.doomed_to().map(|doom| show(&doom)),
                twin.doom.as_ref().map(|(outcome, _)| outcome.clone())
            );
            assert_eq!(
                process.cancel_deadline().map(|deadline| deadline.0),
                twin.deadline
            );
            same_view(process);
            let woken = self.handles[id].woken.0.load(Ordering::Relaxed);
            assert_eq!(woken, twin.wakes, "wakes of {process:?}");
        }
    }
}

/// Asserts that the views of a process agree with each other.
fn same_view(process: &Process) {
    let view = process.view(usize::MAX).expect("it has not exited");
    let (depth, counts) = (process.depth(), process.counts());
    assert_eq!(process.summary(), Some(view.summary));
    let messages: usize = view.queues.iter().map(|queue| queue.messages).sum();
    let bytes: usize = view.queues.iter().map(|queue| queue.bytes).sum();
    assert_eq!((messages, bytes), (depth.messages, depth.bytes));
    assert_eq!(
        (view.summary.messages, view.summary.bytes),
        (messages, bytes)
    );
    let oldest = view.queues.iter().filter_map(|queue| queue.oldest).min();
    assert_eq!(view.summary.oldest, oldest);
    assert_eq!(view.counts, counts);
    assert_eq!(view.peers.links.len(), counts.links);
    assert_eq!(view.peers.monitors.len(), counts.monitors);
    assert_eq!(view.names.len(), counts.names);
    assert_eq!(
        view.summary.activity == Activity::Ending,
        process.is_doomed()
    );
}

/// Asserts that both refuse for the same reason, or both return the same.
pub(super) fn same<T: PartialEq + std::fmt::Debug>(
    result: Result<T, Error>,
    expected: Result<T, No>,
) {
    assert_eq!(result.map_err(|error| reason(&error)), expected);
}

fn reason(error: &Error) -> No {
    let fields = match &error.details {
        Some(Details::Fields(fields)) => fields.as_slice(),
        _ => &[],
    };
    let text = |wanted: &str| {
        fields.iter().find_map(|(name, field)| match field {
            Field::Text(text) if *name == wanted => Some(text.clone()),
            _ => None,
        })
    };
    No(error.kind.clone(), text("queue").or_else(|| text("limit")))
}

pub(super) fn show(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Returned(value) => format!("v:{}", value.as_ref().map_or(0, |value| value.len())),
        Outcome::Failed(error) => format!("f:{}", error.message),
    }
}
