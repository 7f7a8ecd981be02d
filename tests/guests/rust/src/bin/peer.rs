//! The conformance peer in Rust; `guest-sdk/conformance/lua.lua` describes the
//! commands.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use warren_guest::time::Instant;
use warren_guest::{
    Args, Error, Event, Outcome, Spawn, Value, cancel, ctx, events, exec, inbox, kind, listen,
    monitor, names, pid, send, set_trap_links, spawn, upgrade,
};

#[derive(Serialize)]
struct Parts {
    kind: String,
    message: String,
    retryable: Option<bool>,
    details: Value,
}

impl From<Error> for Parts {
    fn from(error: Error) -> Self {
        Parts {
            details: error.details_as().unwrap_or_default(),
            kind: error.kind,
            message: error.message,
            retryable: error.retryable,
        }
    }
}

#[derive(Serialize)]
struct Down {
    event: &'static str,
    cause: Parts,
}

#[derive(Serialize, Deserialize)]
struct Asked {
    event: String,
    deadline: bool,
}

#[derive(Serialize)]
struct Found {
    named: bool,
    context: Option<Value>,
    topics: [String; 2],
    counts: [usize; 2],
    value: Value,
}

#[derive(Serialize)]
struct Waited {
    came: bool,
    waited: bool,
}

#[warren_guest::main]
fn main(args: Args) -> Result<Value, Error> {
    let command: String = args.nth(0)?.unwrap_or_default();
    let other =
        || -> Result<String, Error> { args.nth(1)?.ok_or_else(|| Error::invalid("which?")) };
    let value = |index| -> Result<Value, Error> { Ok(args.nth(index)?.unwrap_or_default()) };
    match command.as_str() {
        "echo" => value(1),
        "exec" => exec(Spawn::new(other()?).arg("echo").arg(value(2)?)),
        "upgrade" => Err(upgrade(Some(&other()?), ("echo", value(2)?))),
        "fail" => Err(Error::conflict("it contradicts")
            .with_retryable(true)
            .with_details(&value(1)?)),
        "catch" => {
            let failed: Outcome = exec(Spawn::new(other()?).arg("fail").arg(value(2)?));
            let Err(error) = failed else {
                return Err(Error::new(kind::INTERNAL, "it did not fail"));
            };
            Ok(Value::of(&Parts::from(error))?)
        }
        "reply" => {
            let message = listen("ask")?.recv()?;
            let asked: Value = message.get()?;
            let from = message
                .from()
                .ok_or_else(|| Error::invalid("nobody asked"))?;
            send(from, "answer", (asked,))?;
            Ok(Value::Nil)
        }
        "ask" => {
            let answers = listen("answer")?;
            let replier = spawn(Spawn::new(other()?).arg("reply"))?;
            send(&replier, "ask", (value(2)?,))?;
            answers.recv_as()
        }
        "refusals" => refusals(),
        "watch" => {
            Spawn::new(other()?)
                .args(("fail", value(2)?))
                .monitored()
                .start()?;
            down()
        }
        "trap" => {
            set_trap_links(true);
            Spawn::new(other()?)
                .args(("fail", value(2)?))
                .linked()
                .start()?;
            down()
        }
        "await_event" => match events().recv()? {
            Event::Cancel { deadline, .. } => Ok(Value::of(&Asked {
                event: "pid.cancel".to_owned(),
                deadline: deadline.is_some(),
            })?),
            other => Err(Error::internal(format!("{other:?}"))),
        },
        "cancel" => {
            let asked = Spawn::new(other()?)
                .arg("await_event")
                .monitored()
                .start()?;
            cancel(&asked, Some(Duration::from_secs(60)))?;
            match events().recv()? {
                Event::Exit { result, .. } => result,
                other => Err(Error::internal(format!("{other:?}"))),
            }
        }
        "context" => Ok(ctx::get(&other()?)?.unwrap_or_default()),
        "dress" => Spawn::new(other()?)
            .arg("found")
            .context("dress", value(2)?)
            .name("dressed")
            .message("first", (1, ()))
            .message("second", (value(2)?,))
            .exec()?
            .wait(),
        "found" => found(),
        "wait" => {
            let began = Instant::now();
            let came = listen("never")?.recv_timeout(Duration::from_millis(2))?;
            Ok(Value::of(&Waited {
                came: came.is_some(),
                waited: began.elapsed() >= Duration::from_millis(2),
            })?)
        }
        "bug" => panic!("a bug"),
        other => Err(Error::invalid(format!("no command `{other}`"))),
    }
}

fn refusals() -> Result<Value, Error> {
    let refused = [
        send("nobody is called this", "topic", 1).err(),
        send(pid(), "@topic", 1).err(),
        spawn("app:no-such-definition").err(),
        names::register("@name").err(),
        names::lookup("nobody is called this").err(),
        monitor(pid()).err(),
        Some(upgrade(Some("app:no-such-definition"), ())),
    ];
    let kinds = refused.map(|error| error.map(|error| error.kind));
    Ok(Value::of(&kinds)?)
}

/// Returns the failure in the next event.
fn down() -> Result<Value, Error> {
    let (event, result) = match events().recv()? {
        Event::Exit { result, .. } => ("pid.exit", result),
        Event::LinkDown { result, .. } => ("pid.link.down", result),
        other => return Err(Error::internal(format!("{other:?}"))),
    };
    let Err(error) = result else {
        return Err(Error::internal("it did not fail"));
    };
    let cause = error.into();
    Ok(Value::of(&Down { event, cause })?)
}

fn found() -> Result<Value, Error> {
    let (first, second) = (inbox().recv()?, inbox().recv()?);
    let (_, _): (Value, Value) = first.get()?;
    let (value,): (Value,) = second.get()?;
    Ok(Value::of(&Found {
        named: names::lookup("dressed")? == pid(),
        context: ctx::get("dress")?,
        topics: [first.topic().to_owned(), second.topic().to_owned()],
        counts: [2, 1],
        value,
    })?)
}
