//! Requests and answers, as the engine and as the cluster have them.

use std::sync::Arc;
use std::time::Duration;

use warren_cluster::{Actor, Answer, Ask, Caller, End, Place, Reply, Request, Start};
use warren_engine::remote::{FarAnswer, FarAsk, FarCaller, FarRequest, FarStart, TieChange};
use warren_engine::security::Scope;
use warren_kernel::{Address, Error, FarEnd, FarPid, NodeId, Relation, Timestamp, nanoseconds};

/// The operation that counts the processes of a host: the name of the host as its arguments.
const LOAD: &str = "load";

/// The operation that waits for the end of a process: its PID as the arguments.
const WATCH: &str = "watch";

/// The operation that gives a process a name of the cluster: its PID as the arguments, and the
/// name behind it.
const REGISTER: &str = "register";

/// The operation that takes a name of the cluster from a process: the same arguments.
const UNREGISTER: &str = "unregister";

/// The operations that let a process join and leave a group: the group in place of the name.
const JOIN: &str = "join";
const LEAVE: &str = "leave";

/// Returns a request of this node for another one. `now` is the wall clock.
pub(super) fn request(request: FarRequest, now: Timestamp) -> Request {
    let caller = caller(request.caller);
    let ask = match request.ask {
        FarAsk::Send { to, topic, payload } => Ask::Send {
            to: place(&to),
            topic,
            payload: payload.into(),
        },
        FarAsk::Cancel { to, within, reason } => {
            let within = within.map(nanoseconds);
            Ask::Cancel {
                to: place(&to),
                deadline: within.map(|after| Timestamp(now.0.saturating_add_unsigned(after))),
                within,
                reason,
            }
        }
        FarAsk::Terminate { to } => Ask::Terminate { to: place(&to) },
        FarAsk::Tie { to, change } => {
            let to = place(&to);
            match change {
                TieChange::Link => Ask::Link { to },
                TieChange::Unlink => Ask::Unlink { to },
                TieChange::Monitor => Ask::Monitor { to },
                TieChange::Unmonitor => Ask::Unmonitor { to },
            }
        }
        FarAsk::Spawn(start) => Ask::Spawn(Box::new(start_of(*start))),
        FarAsk::Exec(start) => Ask::Exec(Box::new(start_of(*start))),
        FarAsk::Watch { to } => Ask::Call {
            operation: WATCH.to_owned(),
            arguments: to.text.to_string().into(),
        },
        FarAsk::Load { host } => Ask::Call {
            operation: LOAD.to_owned(),
            arguments: host.into(),
        },
        FarAsk::Register { to, name } => about_a_name(REGISTER, &to, &name),
        FarAsk::Unregister { to, name } => about_a_name(UNREGISTER, &to, &name),
        FarAsk::Member { to, group, joins } => {
            let operation = if joins { JOIN } else { LEAVE };
            about_a_name(operation, &to, &group)
        }
    };
    Request { caller, ask }
}

/// Returns a request of another node for this one.
///
/// # Errors
///
/// `Invalid` for a request that no node of this version sends.
pub(super) fn far_request(
    request: Request,
    from: &NodeId,
    own: &NodeId,
) -> Result<FarRequest, Error> {
    let caller = far_caller(request.caller, from)?;
    let to = |place: Place| far_pid(place, own);
    let tie = |place, change| FarAsk::Tie {
        to: to(place),
        change,
    };
    let ask = match request.ask {
        Ask::Send {
            to: receiver,
            topic,
            payload,
        } => FarAsk::Send {
            to: to(receiver),
            topic,
            payload: payload.into(),
        },
        Ask::Cancel {
            to: target,
            within,
            reason,
            deadline: _,
        } => FarAsk::Cancel {
            to: to(target),
            within: within.map(Duration::from_nanos),
            reason,
        },
        Ask::Terminate { to: target } => FarAsk::Terminate { to: to(target) },
        Ask::Link { to } => tie(to, TieChange::Link),
        Ask::Unlink { to } => tie(to, TieChange::Unlink),
        Ask::Monitor { to } => tie(to, TieChange::Monitor),
        Ask::Unmonitor { to } => tie(to, TieChange::Unmonitor),
        Ask::Spawn(start) => FarAsk::Spawn(Box::new(far_start(*start)?)),
        Ask::Exec(start) => FarAsk::Exec(Box::new(far_start(*start)?)),
        Ask::Call {
            operation,
            arguments,
        } if operation == WATCH => {
            let text = String::from_utf8_lossy(&arguments);
            let to = FarPid::parse(&text);
            let to = to.ok_or_else(|| Error::invalid("the watched process is no PID"))?;
            FarAsk::Watch { to }
        }
        Ask::Call {
            operation,
            arguments,
        } if operation == LOAD => FarAsk::Load {
            host: String::from_utf8_lossy(&arguments).into_owned(),
        },
        Ask::Call {
            operation,
            arguments,
        } if operation == REGISTER => {
            let (to, name) = process_and_name(&arguments)?;
            FarAsk::Register { to, name }
        }
        Ask::Call {
            operation,
            arguments,
        } if operation == UNREGISTER => {
            let (to, name) = process_and_name(&arguments)?;
            FarAsk::Unregister { to, name }
        }
        Ask::Call {
            operation,
            arguments,
        } if operation == JOIN || operation == LEAVE => {
            let (to, group) = process_and_name(&arguments)?;
            let joins = operation == JOIN;
            FarAsk::Member { to, group, joins }
        }
        _ => return Err(Error::invalid("this node does not know the request")),
    };
    Ok(FarRequest { caller, ask })
}

fn about_a_name(operation: &str, to: &FarPid, name: &str) -> Ask {
    Ask::Call {
        operation: operation.to_owned(),
        arguments: format!("{}{name}", to.text).into(),
    }
}

/// Reads the PID of a process, which ends with its only brace, and the name behind it.
fn process_and_name(arguments: &[u8]) -> Result<(FarPid, String), Error> {
    let read = || {
        let text = std::str::from_utf8(arguments).ok()?;
        let (pid, name) = text.split_at_checked(text.find('}')? + 1)?;
        Some((FarPid::parse(pid)?, name.to_owned()))
    };
    read().ok_or_else(|| Error::invalid("the arguments are no process and its name"))
}

/// Returns an answer of this node.
pub(super) fn reply(answer: Result<FarAnswer, Error>) -> Reply {
    Ok(match answer? {
        FarAnswer::Done => Answer::Done,
        FarAnswer::Spawned(pid) => Answer::Spawned(place(&pid)),
        FarAnswer::Ended(outcome) => Answer::Ended(Arc::unwrap_or_clone(outcome)),
        FarAnswer::Number(number) => Answer::Value(number.to_be_bytes().to_vec().into()),
    })
}

/// Returns an answer of another node.
pub(super) fn answer(reply: Reply, from: &NodeId) -> Result<FarAnswer, Error> {
    Ok(match reply? {
        Answer::Done => FarAnswer::Done,
        Answer::Spawned(place) => FarAnswer::Spawned(far_pid(place, from)),
        Answer::Ended(outcome) => FarAnswer::Ended(Arc::new(outcome)),
        Answer::Value(bytes) => {
            let number = <[u8; 8]>::try_from(&bytes[..]).ok();
            let number = number.ok_or_else(|| Error::internal("the answer is no number"))?;
            FarAnswer::Number(u64::from_be_bytes(number))
        }
    })
}

/// Returns the news of an end for another node; `None` for a text that is no PID of a cluster.
pub(super) fn end(end: &FarEnd) -> Option<End> {
    let told = end.told.iter();
    Some(End {
        process: place(&FarPid::parse(&end.pid)?),
        at: end.at,
        outcome: (*end.outcome).clone(),
        by_link: end.by_link,
        told: told
            .filter_map(|text| Some(place(&FarPid::parse(text)?)))
            .collect(),
    })
}

/// Returns the news of an end on another node.
pub(super) fn far_end(end: End, from: &NodeId, own: &NodeId) -> FarEnd {
    let told = end.told.into_iter();
    FarEnd {
        pid: far_pid(end.process, from).text,
        at: end.at,
        outcome: Arc::new(end.outcome),
        by_link: end.by_link,
        told: told.map(|place| far_pid(place, own).text).collect(),
    }
}

/// Returns the process at a place of a node.
pub(super) fn far_pid(place: Place, node: &NodeId) -> FarPid {
    FarPid::from(Address {
        node: node.clone(),
        host: place.host,
        pid: place.pid,
    })
}

/// Returns the place of a process on its node.
pub(super) fn place(pid: &FarPid) -> Place {
    Place {
        host: Arc::clone(&pid.address.host),
        pid: pid.address.pid,
    }
}

pub(super) fn caller(caller: FarCaller) -> Caller {
    let context = caller.encoded_context().into();
    Caller {
        process: Some(place(&caller.process)),
        definition: Some(caller.definition),
        frame: Some(caller.frame),
        actor: caller.actor.map(|actor| Actor {
            id: actor.id().to_owned(),
            meta: actor.encoded_meta().to_vec().into(),
        }),
        scope: caller.scope.map(|scope| scope.policies.clone()),
        context,
        trace: caller.cause,
    }
}

pub(super) fn far_caller(caller: Caller, from: &NodeId) -> Result<FarCaller, Error> {
    let lacking = || Error::invalid("the request names no process, definition or frame");
    Ok(FarCaller {
        process: far_pid(caller.process.ok_or_else(lacking)?, from),
        definition: caller.definition.ok_or_else(lacking)?,
        frame: caller.frame.ok_or_else(lacking)?,
        actor: caller
            .actor
            .map(|actor| FarCaller::read_actor(actor.id, &actor.meta))
            .transpose()?,
        scope: caller.scope.map(|policies| Arc::new(Scope { policies })),
        context: FarCaller::read_context(&caller.context)?,
        cause: caller.trace,
    })
}

fn start_of(start: FarStart) -> Start {
    let options = start.options().into();
    let messages = start.messages.into_iter();
    Start {
        definition: start.definition,
        host: Some(start.host).filter(|host| !host.is_empty()),
        arguments: start.arguments.to_vec().into(),
        code: None,
        name: start.name,
        messages: messages
            .map(|(topic, values)| (topic, values.to_vec().into()))
            .collect(),
        linked: start.relation.linked,
        monitored: start.relation.monitored,
        options,
    }
}

fn far_start(start: Start) -> Result<FarStart, Error> {
    let messages = start.messages.into_iter();
    let mut far = FarStart {
        definition: start.definition,
        host: start.host.unwrap_or_default(),
        arguments: start.arguments[..].into(),
        name: start.name,
        messages: messages
            .map(|(topic, values)| (topic, values[..].into()))
            .collect(),
        relation: Relation {
            linked: start.linked,
            monitored: start.monitored,
        },
        ..FarStart::default()
    };
    far.read_options(&start.options)?;
    Ok(far)
}
