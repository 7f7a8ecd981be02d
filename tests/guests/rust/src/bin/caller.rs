//! Calls a server in Lua, `app:called`. A mistake is a panic.

use std::time::Duration;

use warren_guest::{Error, Spawn, kind, names, pid, server, spawn};

const HOUR: Duration = Duration::from_secs(3600);

#[warren_guest::main]
fn main() -> Result<(), Error> {
    let called = spawn(Spawn::new("app:called").arg(1))?;
    let sum: i64 = server::call(&called, 2)?;
    assert_eq!(sum, 3);
    server::cast(&called, 10)?;
    let sum: i64 = server::call(&called, 0)?;
    assert_eq!(sum, 13);
    let error = server::call::<i64>(&called, "fail").unwrap_err();
    assert!(error.is(kind::CONFLICT), "{error}");
    for _ in 0..100 {
        // Nearly every answer comes too late.
        if let Err(error) = server::call_timeout::<i64>(&called, 1, Duration::ZERO) {
            assert!(error.is(kind::TIMEOUT), "{error}");
        }
    }
    let sum: i64 = server::call(&called, 0)?;
    assert_eq!(sum, 113);

    let error = server::call_timeout::<i64>(&called, "crash", HOUR).unwrap_err();
    let ended = format!("server {called} ended: ");
    assert!(
        error.message.starts_with(&ended) && error.message.contains("worn out"),
        "{error}"
    );
    let error = server::call_timeout::<i64>(&called, 0, HOUR).unwrap_err();
    assert!(error.is(kind::NOT_FOUND), "{error}");

    let mute = spawn("app:mute")?;
    names::register_for("mute", &mute)?;
    let error = server::call_timeout::<i64>("mute", "leave", HOUR).unwrap_err();
    assert!(
        error.is(kind::UNAVAILABLE) && error.retryable == Some(true),
        "{error:?}"
    );
    let mute = spawn("app:mute")?;
    let error = server::call_timeout::<i64>(&mute, "die", HOUR).unwrap_err();
    assert!(error.is(kind::CANCELED), "{error:?}");
    assert!(server::call::<i64>(pid(), 1).is_err_and(|error| error.is(kind::INVALID)));
    Ok(())
}
