//! The steps of a world's processes, as data: drawn at random, and shrunk.

use proptest::collection::vec;
use proptest::prelude::*;

/// One step. Numbers choose among the processes of that time: `who` among the
/// live ones, `to` and `target` among the recent ones, dead ones included.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Spawn {
        parent: Option<usize>,
        monitored: bool,
        linked: bool,
        exec: bool,
        name: Option<usize>,
        messages: Vec<usize>,
    },
    Send {
        from: Option<usize>,
        to: usize,
        topic: usize,
        bytes: usize,
    },
    SendByName {
        from: usize,
        name: usize,
        topic: usize,
    },
    Monitor {
        who: usize,
        target: usize,
    },
    Unmonitor {
        who: usize,
        target: usize,
    },
    Link {
        who: usize,
        target: usize,
    },
    Unlink {
        who: usize,
        target: usize,
    },
    TrapLinks {
        who: usize,
        trap: bool,
    },
    Terminate {
        target: usize,
    },
    Cancel {
        from: Option<usize>,
        target: usize,
        deadline: Option<u64>,
        enforce: bool,
    },
    Register {
        name: usize,
        target: usize,
    },
    Unregister {
        name: usize,
    },
    Join {
        group: usize,
        target: usize,
    },
    Leave {
        group: usize,
        target: usize,
    },
    Inbox {
        who: usize,
    },
    Events {
        who: usize,
    },
    Listen {
        who: usize,
        topic: usize,
    },
    Unlisten {
        who: usize,
        which: usize,
    },
    Receive {
        who: usize,
        wanted: Vec<Wanted>,
        wait: bool,
    },
    Upgrade {
        who: usize,
    },
    /// The first step of an exit; `bytes` of a value, or an error.
    Exit {
        who: usize,
        fail: bool,
        bytes: usize,
    },
    /// The second step of an exit begun earlier.
    Finish {
        which: usize,
    },
}

/// A subscription to receive from.
#[derive(Clone, Debug)]
pub(crate) enum Wanted {
    Inbox,
    Events,
    Listener(usize),
    Exec(usize),
    Nonsense(u32),
}

pub(crate) fn op() -> impl Strategy<Value = Op> + Clone {
    prop_oneof![
        4 => spawn(),
        8 => (of(who()), target(), topic(), bytes())
            .prop_map(|(from, to, topic, bytes)| Op::Send { from, to, topic, bytes }),
        2 => (who(), name(), topic())
            .prop_map(|(from, name, topic)| Op::SendByName { from, name, topic }),
        4 => (who(), target()).prop_map(|(who, target)| Op::Monitor { who, target }),
        2 => (who(), target()).prop_map(|(who, target)| Op::Unmonitor { who, target }),
        4 => (who(), target()).prop_map(|(who, target)| Op::Link { who, target }),
        2 => (who(), target()).prop_map(|(who, target)| Op::Unlink { who, target }),
        2 => (who(), any::<bool>()).prop_map(|(who, trap)| Op::TrapLinks { who, trap }),
        1 => target().prop_map(|target| Op::Terminate { target }),
        2 => (of(who()), target(), of(0..8_u64), any::<bool>()).prop_map(
            |(from, target, deadline, enforce)| Op::Cancel { from, target, deadline, enforce }
        ),
        2 => (name(), target()).prop_map(|(name, target)| Op::Register { name, target }),
        1 => name().prop_map(|name| Op::Unregister { name }),
        2 => (name(), target()).prop_map(|(group, target)| Op::Join { group, target }),
        1 => (name(), target()).prop_map(|(group, target)| Op::Leave { group, target }),
        1 => who().prop_map(|who| Op::Inbox { who }),
        2 => who().prop_map(|who| Op::Events { who }),
        3 => (who(), topic()).prop_map(|(who, topic)| Op::Listen { who, topic }),
        2 => (who(), 0..4_usize).prop_map(|(who, which)| Op::Unlisten { who, which }),
        8 => (who(), vec(wanted(), 0..4), any::<bool>())
            .prop_map(|(who, wanted, wait)| Op::Receive { who, wanted, wait }),
        1 => who().prop_map(|who| Op::Upgrade { who }),
        2 => (who(), any::<bool>(), bytes())
            .prop_map(|(who, fail, bytes)| Op::Exit { who, fail, bytes }),
        4 => (0..8_usize).prop_map(|which| Op::Finish { which }),
    ]
}

fn spawn() -> impl Strategy<Value = Op> + Clone {
    (
        of(who()),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        of(name()),
        vec(topic(), 0..5),
    )
        .prop_map(
            |(parent, monitored, linked, exec, name, messages)| Op::Spawn {
                parent,
                monitored,
                linked,
                exec,
                name,
                messages,
            },
        )
}

fn wanted() -> impl Strategy<Value = Wanted> + Clone {
    prop_oneof![
        3 => Just(Wanted::Inbox),
        3 => Just(Wanted::Events),
        4 => (0..4_usize).prop_map(Wanted::Listener),
        2 => (0..3_usize).prop_map(Wanted::Exec),
        1 => (0..30_u32).prop_map(Wanted::Nonsense),
    ]
}

/// Draws `Some` mostly.
fn of<T: std::fmt::Debug + Clone>(
    strategy: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Option<T>> + Clone {
    proptest::option::weighted(0.8, strategy)
}

fn who() -> impl Strategy<Value = usize> + Clone {
    0..12_usize
}

fn target() -> impl Strategy<Value = usize> + Clone {
    0..12_usize
}

fn topic() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![20 => 0..3_usize, 1 => 3..super::TOPICS.len()]
}

fn name() -> impl Strategy<Value = usize> + Clone {
    0..super::NAMES.len()
}

/// Draws up to a little more than the largest message.
fn bytes() -> impl Strategy<Value = usize> + Clone {
    0..72_usize
}
