//! Signals: the stream of a session.

use bytes::Bytes;
use warren_kernel::Timestamp;

use super::{Malformed, Reader, Writer};
use crate::signal::{Answer, Ask, End, Notice, Place, Reply, Request, Start};

/// A signal of one node to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// A request, with a number of the sender's.
    Request(u64, Request),
    /// The answer to the receiver's request of this number.
    Answer(u64, Reply),
    /// The sender does not wait for the answer to its request of this number any more.
    Abandon(u64),
    /// A notice.
    Notice(Notice),
    /// Processes of the sender are members of a group from now on.
    Join(String, Vec<Place>),
    /// Processes of the sender are members of a group no more.
    Leave(String, Vec<Place>),
    /// The broker says that the receiver holds a name since this revision. A receiver that does
    /// not removes the entry.
    CheckName(String, u64),
    /// The receiver is to free a name that it holds. Answered by [`Signal::Released`] with the
    /// number.
    Release(u64, String),
    /// The answer to [`Signal::Release`]: false if the sender does not hold the name.
    Released(u64, bool),
    /// A signal of a newer version.
    Unknown,
}

const REQUEST: u64 = 0;
const ANSWER: u64 = 1;
const ABANDON: u64 = 2;
const NOTICE: u64 = 3;
const JOIN: u64 = 4;
const LEAVE: u64 = 5;
const CHECK_NAME: u64 = 6;
const RELEASE: u64 = 7;
const RELEASED: u64 = 8;

/// Processes in one list of a signal, at most.
pub(crate) const LONGEST_LIST: usize = 4096;

impl Signal {
    pub(crate) fn encode(&self) -> Bytes {
        let mut to = Writer::new();
        to.array(2);
        match self {
            Signal::Request(number, request) => {
                to.uint(REQUEST).array(3).uint(*number);
                to.caller(&request.caller);
                ask(&mut to, &request.ask);
            }
            Signal::Answer(number, reply) => {
                to.uint(ANSWER).array(2).uint(*number);
                write_reply(&mut to, reply);
            }
            Signal::Abandon(number) => {
                to.uint(ABANDON).array(1).uint(*number);
            }
            Signal::Notice(notice) => {
                to.uint(NOTICE);
                write_notice(&mut to, notice);
            }
            Signal::Join(group, places) | Signal::Leave(group, places) => {
                let is_join = matches!(self, Signal::Join(..));
                to.uint(if is_join { JOIN } else { LEAVE });
                to.array(2).text(group);
                write_places(&mut to, places);
            }
            Signal::CheckName(name, revision) => {
                to.uint(CHECK_NAME).array(2).text(name).uint(*revision);
            }
            Signal::Release(number, name) => {
                to.uint(RELEASE).array(2).uint(*number).text(name);
            }
            Signal::Released(number, was_held) => {
                to.uint(RELEASED).array(2).uint(*number).bool(*was_held);
            }
            Signal::Unknown => {
                to.uint(u64::MAX).nil();
            }
        }
        to.into_bytes()
    }

    pub(crate) fn decode(bytes: &Bytes) -> Result<Signal, Malformed> {
        let mut from = Reader::new(bytes);
        let whole = from.array(2)?;
        let kind = from.uint()?;
        let signal = match kind {
            REQUEST => {
                let present = from.array(3)?;
                let number = from.uint()?;
                let caller = from.caller()?;
                let ask = read_ask(&mut from)?;
                from.newer(present, 3)?;
                Signal::Request(number, Request { caller, ask })
            }
            ANSWER => {
                let present = from.array(2)?;
                let answer = Signal::Answer(from.uint()?, read_reply(&mut from)?);
                from.newer(present, 2)?;
                answer
            }
            ABANDON => {
                let present = from.array(1)?;
                let number = from.uint()?;
                from.newer(present, 1)?;
                Signal::Abandon(number)
            }
            NOTICE => match read_notice(&mut from)? {
                Some(notice) => Signal::Notice(notice),
                None => Signal::Unknown,
            },
            JOIN | LEAVE => {
                let present = from.array(2)?;
                let group = from.name()?.to_owned();
                let places = from.list(LONGEST_LIST, Reader::place)?;
                from.newer(present, 2)?;
                match kind {
                    JOIN => Signal::Join(group, places),
                    _ => Signal::Leave(group, places),
                }
            }
            CHECK_NAME => {
                let present = from.array(2)?;
                let signal = Signal::CheckName(from.name()?.to_owned(), from.uint()?);
                from.newer(present, 2)?;
                signal
            }
            RELEASE => {
                let present = from.array(2)?;
                let signal = Signal::Release(from.uint()?, from.name()?.to_owned());
                from.newer(present, 2)?;
                signal
            }
            RELEASED => {
                let present = from.array(2)?;
                let signal = Signal::Released(from.uint()?, from.bool()?);
                from.newer(present, 2)?;
                signal
            }
            _ => {
                from.newer(1, 0)?;
                Signal::Unknown
            }
        };
        from.newer(whole, 2)?;
        if !from.is_empty() {
            return Err(Malformed("bytes behind the end"));
        }
        Ok(signal)
    }
}

const SEND: u64 = 0;
const CANCEL: u64 = 1;
const TERMINATE: u64 = 2;
const LINK: u64 = 3;
const UNLINK: u64 = 4;
const MONITOR: u64 = 5;
const UNMONITOR: u64 = 6;
const SPAWN: u64 = 7;
const EXEC: u64 = 8;
const CALL: u64 = 9;

fn ask(to: &mut Writer, ask: &Ask) {
    to.array(2);
    match ask {
        Ask::Send {
            to: place,
            topic,
            payload,
        } => {
            to.uint(SEND).array(3).place(place).text(topic);
            to.bytes(payload);
        }
        Ask::Cancel {
            to: place,
            deadline,
            within,
            reason,
        } => {
            to.uint(CANCEL).array(4).place(place);
            to.option(*deadline, |to, deadline| {
                to.int(deadline.0);
            });
            to.option(*within, |to, within| {
                to.uint(within);
            });
            to.option(reason.as_ref(), |to, reason| {
                to.text(reason);
            });
        }
        Ask::Terminate { to: place } => {
            to.uint(TERMINATE).array(1).place(place);
        }
        Ask::Link { to: place } => {
            to.uint(LINK).array(1).place(place);
        }
        Ask::Unlink { to: place } => {
            to.uint(UNLINK).array(1).place(place);
        }
        Ask::Monitor { to: place } => {
            to.uint(MONITOR).array(1).place(place);
        }
        Ask::Unmonitor { to: place } => {
            to.uint(UNMONITOR).array(1).place(place);
        }
        Ask::Spawn(start) => {
            to.uint(SPAWN);
            write_start(to, start);
        }
        Ask::Exec(start) => {
            to.uint(EXEC);
            write_start(to, start);
        }
        Ask::Call {
            operation,
            arguments,
        } => {
            to.uint(CALL).array(2).text(operation).bytes(arguments);
        }
        Ask::Unknown => {
            to.uint(u64::MAX).nil();
        }
    }
}

fn read_ask(from: &mut Reader<'_>) -> Result<Ask, Malformed> {
    let whole = from.array(2)?;
    let kind = from.uint()?;
    let ask = match kind {
        SEND => {
            let present = from.array(3)?;
            let ask = Ask::Send {
                to: from.place()?,
                topic: from.text()?.to_owned(),
                payload: from.bytes()?,
            };
            from.newer(present, 3)?;
            ask
        }
        CANCEL => {
            let present = from.array(4)?;
            let ask = Ask::Cancel {
                to: from.place()?,
                deadline: from.option(Reader::int)?.map(Timestamp),
                within: from.option(Reader::uint)?,
                reason: from.option(Reader::text)?.map(str::to_owned),
            };
            from.newer(present, 4)?;
            ask
        }
        TERMINATE | LINK | UNLINK | MONITOR | UNMONITOR => {
            let present = from.array(1)?;
            let to = from.place()?;
            from.newer(present, 1)?;
            match kind {
                TERMINATE => Ask::Terminate { to },
                LINK => Ask::Link { to },
                UNLINK => Ask::Unlink { to },
                MONITOR => Ask::Monitor { to },
                _ => Ask::Unmonitor { to },
            }
        }
        SPAWN => Ask::Spawn(Box::new(read_start(from)?)),
        EXEC => Ask::Exec(Box::new(read_start(from)?)),
        CALL => {
            let present = from.array(2)?;
            let ask = Ask::Call {
                operation: from.text()?.to_owned(),
                arguments: from.bytes()?,
            };
            from.newer(present, 2)?;
            ask
        }
        _ => {
            from.newer(1, 0)?;
            Ask::Unknown
        }
    };
    from.newer(whole, 2)?;
    Ok(ask)
}

fn write_start(to: &mut Writer, start: &Start) {
    to.array(9).text(&start.definition);
    to.option(start.host.as_ref(), |to, host| {
        to.text(host);
    });
    to.bytes(&start.arguments);
    to.option(start.code.as_ref(), |to, code| {
        to.bytes(code);
    });
    to.option(start.name.as_ref(), |to, name| {
        to.text(name);
    });
    to.array(start.messages.len());
    for (topic, payload) in &start.messages {
        to.array(2).text(topic).bytes(payload);
    }
    to.bool(start.linked).bool(start.monitored);
    to.bytes(&start.options);
}

fn read_start(from: &mut Reader<'_>) -> Result<Start, Malformed> {
    let present = from.array(9)?;
    let start = Start {
        definition: from.text()?.to_owned(),
        host: from.option(Reader::text)?.map(str::to_owned),
        arguments: from.bytes()?,
        code: from.option(Reader::bytes)?,
        name: from.option(Reader::text)?.map(str::to_owned),
        messages: from.list(usize::MAX, |from| {
            let present = from.array(2)?;
            let message = (from.text()?.to_owned(), from.bytes()?);
            from.newer(present, 2)?;
            Ok(message)
        })?,
        linked: from.bool()?,
        monitored: from.bool()?,
        options: from.bytes()?,
    };
    from.newer(present, 9)?;
    Ok(start)
}

const DONE: u64 = 0;
const SPAWNED: u64 = 1;
const ENDED: u64 = 2;
const VALUE: u64 = 3;
const ERROR: u64 = 4;

fn write_reply(to: &mut Writer, reply: &Reply) {
    to.array(2);
    match reply {
        Ok(Answer::Done) => to.uint(DONE).nil(),
        Ok(Answer::Spawned(place)) => to.uint(SPAWNED).place(place),
        Ok(Answer::Ended(outcome)) => to.uint(ENDED).outcome(outcome),
        Ok(Answer::Value(bytes)) => to.uint(VALUE).bytes(bytes),
        Err(error) => to.uint(ERROR).error(error),
    };
}

fn read_reply(from: &mut Reader<'_>) -> Result<Reply, Malformed> {
    let present = from.array(2)?;
    let reply = match from.uint()? {
        DONE => {
            from.newer(1, 0)?;
            Ok(Answer::Done)
        }
        SPAWNED => Ok(Answer::Spawned(from.place()?)),
        ENDED => Ok(Answer::Ended(from.outcome()?)),
        VALUE => Ok(Answer::Value(from.bytes()?)),
        ERROR => Err(from.error()?),
        _ => return Err(Malformed("no answer")),
    };
    from.newer(present, 2)?;
    Ok(reply)
}

const END: u64 = 0;
const BROADCAST: u64 = 1;
const EVENT: u64 = 2;
const OTHER: u64 = 3;

fn write_notice(to: &mut Writer, notice: &Notice) {
    to.array(2);
    match notice {
        Notice::Ended(end) => {
            to.uint(END).array(5).place(&end.process).int(end.at.0);
            to.outcome(&end.outcome).bool(end.by_link);
            write_places(to, &end.told);
        }
        Notice::Broadcast {
            caller,
            group,
            topic,
            payload,
        } => {
            to.uint(BROADCAST).array(4).caller(caller);
            to.text(group).text(topic).bytes(payload);
        }
        Notice::Event {
            caller,
            system,
            kind,
            path,
            data,
        } => {
            to.uint(EVENT).array(5).caller(caller);
            to.text(system).text(kind).text(path).bytes(data);
        }
        Notice::Other { name, arguments } => {
            to.uint(OTHER).array(2).text(name).bytes(arguments);
        }
    }
}

/// Reads a notice; `None` for one of a newer version.
fn read_notice(from: &mut Reader<'_>) -> Result<Option<Notice>, Malformed> {
    let whole = from.array(2)?;
    let notice = match from.uint()? {
        END => {
            let present = from.array(5)?;
            let end = End {
                process: from.place()?,
                at: Timestamp(from.int()?),
                outcome: from.outcome()?,
                by_link: from.bool()?,
                told: from.list(usize::MAX, Reader::place)?,
            };
            from.newer(present, 5)?;
            Some(Notice::Ended(end))
        }
        BROADCAST => {
            let present = from.array(4)?;
            let notice = Notice::Broadcast {
                caller: from.caller()?,
                group: from.text()?.to_owned(),
                topic: from.text()?.to_owned(),
                payload: from.bytes()?,
            };
            from.newer(present, 4)?;
            Some(notice)
        }
        EVENT => {
            let present = from.array(5)?;
            let notice = Notice::Event {
                caller: from.caller()?,
                system: from.text()?.to_owned(),
                kind: from.text()?.to_owned(),
                path: from.text()?.to_owned(),
                data: from.bytes()?,
            };
            from.newer(present, 5)?;
            Some(notice)
        }
        OTHER => {
            let present = from.array(2)?;
            let notice = Notice::Other {
                name: from.text()?.to_owned(),
                arguments: from.bytes()?,
            };
            from.newer(present, 2)?;
            Some(notice)
        }
        _ => {
            from.newer(1, 0)?;
            None
        }
    };
    from.newer(whole, 2)?;
    Ok(notice)
}

fn write_places(to: &mut Writer, places: &[Place]) {
    to.array(places.len());
    for place in places {
        to.place(place);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use warren_kernel::{Details, Error, Kind, Outcome, Pid, Trace, TraceId};

    use super::*;
    use crate::signal::{Actor, Caller};

    fn place(number: u64) -> Place {
        Place {
            host: "app:workers".into(),
            pid: Pid::from_number(number).unwrap(),
        }
    }

    fn caller() -> Caller {
        Caller {
            process: Some(place(7)),
            definition: Some("app:main".into()),
            frame: Some("app:main#1".into()),
            actor: Some(Actor {
                id: "ada".to_owned(),
                meta: Bytes::from_static(&[0x80]),
            }),
            scope: Some(vec!["app:read".to_owned()]),
            context: Bytes::from_static(&[0x80]),
            trace: Some(Trace {
                id: TraceId(NonZeroU64::MIN),
                message: u64::MAX,
            }),
        }
    }

    fn start() -> Box<Start> {
        Box::new(Start {
            definition: "app.w:job".to_owned(),
            host: Some("app:workers".to_owned()),
            arguments: Bytes::from_static(&[0x90]),
            code: Some(Bytes::from_static(b"hash")),
            name: Some("room".to_owned()),
            messages: vec![("greeting".to_owned(), Bytes::from_static(&[0x91, 1]))],
            linked: true,
            monitored: false,
            options: Bytes::new(),
        })
    }

    #[test]
    fn a_name_is_bounded() {
        let join = |len| Signal::Join("g".repeat(len), Vec::new()).encode();
        assert!(Signal::decode(&join(4096)).is_ok());
        let long = Signal::decode(&join(4097));
        assert_eq!(long, Err(Malformed("a name that is too long")));
    }

    #[test]
    fn signals_read_back() {
        let failed = Error {
            retryable: None,
            details: Some(Details::Encoded([0xc0].into())),
            stack: Some("main.lua:1".to_owned()),
            contexts: ["context: ".to_owned()].into(),
            ..Error::new(Kind::Other("SoldOut".into()), "none left")
        };
        let asks = [
            Ask::Send {
                to: place(1),
                topic: "t".to_owned(),
                payload: Bytes::from_static(b"values"),
            },
            Ask::Cancel {
                to: place(u64::MAX),
                deadline: Some(Timestamp(-1)),
                within: Some(5),
                reason: Some("full".to_owned()),
            },
            Ask::Cancel {
                to: place(1),
                deadline: None,
                within: None,
                reason: None,
            },
            Ask::Terminate { to: place(1) },
            Ask::Link { to: place(1) },
            Ask::Unlink { to: place(1) },
            Ask::Monitor { to: place(1) },
            Ask::Unmonitor { to: place(1) },
            Ask::Spawn(start()),
            Ask::Exec(Box::default()),
            Ask::Call {
                operation: "processes".to_owned(),
                arguments: Bytes::new(),
            },
            Ask::Unknown,
        ];
        let mut signals: Vec<Signal> = asks
            .into_iter()
            .map(|ask| {
                let caller = caller();
                Signal::Request(3, Request { caller, ask })
            })
            .collect();
        let ended = |outcome| Signal::Answer(4, Ok(Answer::Ended(outcome)));
        signals.extend([
            Signal::Answer(1, Ok(Answer::Done)),
            Signal::Answer(1, Ok(Answer::Spawned(place(2)))),
            ended(Outcome::Returned(None)),
            ended(Outcome::Returned(Some([1, 2].into()))),
            ended(Outcome::Failed(Box::new(failed.clone()))),
            Signal::Answer(1, Ok(Answer::Value(Bytes::from_static(b"v")))),
            Signal::Answer(1, Err(failed.clone())),
            Signal::Abandon(u64::MAX),
            Signal::Notice(Notice::Ended(End {
                process: place(1),
                at: Timestamp(5),
                outcome: Outcome::Failed(Box::new(failed)),
                by_link: true,
                told: vec![place(2), place(3)],
            })),
            Signal::Notice(Notice::Broadcast {
                caller: Caller::default(),
                group: "g".to_owned(),
                topic: "t".to_owned(),
                payload: Bytes::new(),
            }),
            Signal::Notice(Notice::Event {
                caller: caller(),
                system: "s".to_owned(),
                kind: "k".to_owned(),
                path: "p".to_owned(),
                data: Bytes::new(),
            }),
            Signal::Notice(Notice::Other {
                name: "n".to_owned(),
                arguments: Bytes::new(),
            }),
            Signal::Join("g".to_owned(), vec![place(1)]),
            Signal::Leave("g".to_owned(), vec![place(1), place(2)]),
            Signal::CheckName("n".to_owned(), 7),
            Signal::Release(1, "n".to_owned()),
            Signal::Released(1, true),
            Signal::Unknown,
        ]);
        for signal in signals {
            let bytes = signal.encode();
            assert_eq!(Signal::decode(&bytes), Ok(signal.clone()), "{signal:?}");
            for len in 0..bytes.len() {
                let cut = Signal::decode(&bytes.slice(..len));
                assert!(cut.is_err(), "{len} bytes of {signal:?}: {cut:?}");
            }
        }
    }

    #[test]
    fn details_of_the_runtime_arrive_as_a_map() {
        let error = Error::not_found("gone").with("node", "b").with("n", 7_u64);
        let bytes = Signal::Answer(1, Err(error)).encode();
        let Ok(Signal::Answer(1, Err(error))) = Signal::decode(&bytes) else {
            panic!("it is an answer");
        };
        let map: &[u8] = &[
            0x82, 0xa4, b'n', b'o', b'd', b'e', 0xa1, b'b', 0xa1, b'n', 7,
        ];
        assert_eq!(error.details, Some(Details::Encoded(map.into())));
    }

    #[test]
    fn a_signal_of_a_newer_version_is_unknown() {
        let mut writer = Writer::new();
        writer.array(3).uint(77).array(1).text("new").bool(true);
        assert_eq!(Signal::decode(&writer.into_bytes()), Ok(Signal::Unknown));
    }
}
