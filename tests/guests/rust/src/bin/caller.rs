//! Calls a server in Lua, `app:called`. A mistake is a panic.

use warren_guest::{Error, Spawn, kind, server, spawn};

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
    Ok(())
}
