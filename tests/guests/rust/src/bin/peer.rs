//! The peer of `tests/programs/pairs`, in Rust; `peer.lua` says what each
//! command does.

use warren_guest::{Args, Error, Outcome, Spawn, Value, exec, kind, listen, send, upgrade};

const HOST: &str = "app:processes";

#[derive(serde::Serialize)]
struct Seen {
    kind: String,
    message: String,
    retryable: Option<bool>,
    details: Value,
}

#[warren_guest::main]
fn main(args: Args) -> Result<Value, Error> {
    let command: String = args.nth(0)?.unwrap_or_default();
    let other =
        || -> Result<String, Error> { args.nth(1)?.ok_or_else(|| Error::invalid("which?")) };
    let value = |index| -> Result<Value, Error> { Ok(args.nth(index)?.unwrap_or_default()) };
    match command.as_str() {
        "echo" => value(1),
        "exec" => exec(&other()?, HOST, ("echo", value(2)?)),
        "upgrade" => Err(upgrade(Some(&other()?), ("echo", value(2)?))),
        "fail" => Err(Error::conflict("it contradicts")
            .with_retryable(true)
            .with_details(&value(1)?)),
        "catch" => {
            let failed: Outcome = exec(&other()?, HOST, ("fail", value(2)?));
            let Err(error) = failed else {
                return Err(Error::new(kind::INTERNAL, "it did not fail"));
            };
            Ok(Value::of(&Seen {
                details: error.details_as().unwrap_or_default(),
                kind: error.kind,
                message: error.message,
                retryable: error.retryable,
            })?)
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
            let replier = Spawn::new(other()?, HOST).start(("reply",))?;
            send(&replier, "ask", (value(2)?,))?;
            answers.recv_as()
        }
        other => Err(Error::invalid(format!("no command `{other}`"))),
    }
}
