//! Errors, outcomes, places and identities on the wire.

use std::num::NonZeroU64;

use warren_kernel::{Details, Error, Field, Kind, Outcome, Pid, Trace, TraceId};

use super::{Malformed, Reader, Writer};
use crate::signal::{Actor, Caller, Place};

/// Texts that a message of an error can begin with, and ids of policies of a scope.
const LONGEST_LIST: usize = 1024;

impl Writer {
    pub(crate) fn place(&mut self, place: &Place) -> &mut Self {
        self.array(2).text(&place.host).uint(place.pid.number())
    }

    pub(crate) fn error(&mut self, error: &Error) -> &mut Self {
        self.array(6).text(error.kind.as_str()).text(&error.message);
        self.option(error.retryable, |to, retryable| {
            to.bool(retryable);
        });
        match &error.details {
            None => self.nil(),
            Some(Details::Encoded(bytes)) => self.bytes(bytes),
            Some(Details::Fields(fields)) => {
                let mut map = Writer::new();
                map.map(fields.len());
                for (name, field) in fields {
                    map.text(name);
                    match field {
                        Field::Text(text) => map.text(text),
                        Field::Number(number) => map.uint(*number),
                    };
                }
                self.bytes(&map.into_bytes())
            }
        };
        self.option(error.stack.as_ref(), |to, stack| {
            to.text(stack);
        });
        self.array(error.contexts.len());
        for context in &error.contexts {
            self.text(context);
        }
        self
    }

    pub(crate) fn outcome(&mut self, outcome: &Outcome) -> &mut Self {
        match outcome {
            Outcome::Returned(value) => {
                self.array(2).uint(0).option(value.as_ref(), |to, value| {
                    to.bytes(value);
                })
            }
            Outcome::Failed(error) => self.array(2).uint(1).error(error),
        }
    }

    pub(crate) fn caller(&mut self, caller: &Caller) -> &mut Self {
        self.array(7);
        self.option(caller.process.as_ref(), |to, place| {
            to.place(place);
        });
        self.option(caller.definition.as_ref(), |to, id| {
            to.text(id);
        });
        self.option(caller.frame.as_ref(), |to, frame| {
            to.text(frame);
        });
        self.option(caller.actor.as_ref(), |to, actor| {
            to.array(2).text(&actor.id).bytes(&actor.meta);
        });
        self.option(caller.scope.as_ref(), |to, scope| {
            to.array(scope.len());
            for policy in scope {
                to.text(policy);
            }
        });
        self.bytes(&caller.context);
        self.option(caller.trace, |to, trace| {
            to.array(2).uint(trace.id.0.get()).uint(trace.message);
        })
    }
}

impl Reader<'_> {
    pub(crate) fn place(&mut self) -> Result<Place, Malformed> {
        let present = self.array(2)?;
        let host = self.name()?;
        if host.is_empty() || host.contains(['{', '|', '}', '@']) {
            return Err(Malformed("no name of a host"));
        }
        let pid = Pid::from_number(self.uint()?).ok_or(Malformed("no process"))?;
        self.newer(present, 2)?;
        Ok(Place {
            host: host.into(),
            pid,
        })
    }

    pub(crate) fn error(&mut self) -> Result<Error, Malformed> {
        let present = self.array(6)?;
        let error = Error {
            kind: Kind::from(self.text()?),
            message: self.text()?.to_owned(),
            retryable: self.option(Self::bool)?,
            details: self
                .option(Self::bytes)?
                .map(|bytes| Details::Encoded(bytes.as_ref().into())),
            stack: self.option(Self::text)?.map(str::to_owned),
            contexts: self
                .list(LONGEST_LIST, |from| Ok(from.text()?.to_owned()))?
                .into(),
        };
        self.newer(present, 6)?;
        Ok(error)
    }

    pub(crate) fn outcome(&mut self) -> Result<Outcome, Malformed> {
        let present = self.array(2)?;
        let outcome = match self.uint()? {
            0 => Outcome::Returned(self.option(Self::bytes)?.map(|bytes| bytes.as_ref().into())),
            1 => Outcome::Failed(Box::new(self.error()?)),
            _ => return Err(Malformed("no outcome")),
        };
        self.newer(present, 2)?;
        Ok(outcome)
    }

    pub(crate) fn caller(&mut self) -> Result<Caller, Malformed> {
        let present = self.array(7)?;
        let caller = Caller {
            process: self.option(Self::place)?,
            definition: self.option(Self::name)?.map(Into::into),
            frame: self.option(Self::name)?.map(Into::into),
            actor: self.option(|from| {
                let present = from.array(2)?;
                let actor = Actor {
                    id: from.text()?.to_owned(),
                    meta: from.bytes()?,
                };
                from.newer(present, 2)?;
                Ok(actor)
            })?,
            scope: self
                .option(|from| from.list(LONGEST_LIST, |from| Ok(from.name()?.to_owned())))?,
            context: self.bytes()?,
            trace: self.option(|from| {
                let present = from.array(2)?;
                let id = NonZeroU64::new(from.uint()?).ok_or(Malformed("no cause"))?;
                let message = from.uint()?;
                from.newer(present, 2)?;
                Ok(Trace {
                    id: TraceId(id),
                    message,
                })
            })?,
        };
        self.newer(present, 7)?;
        Ok(caller)
    }
}
