//! The definition `app:main`, which `warren run` starts.

use warren_guest::{Args, Error, listen, println, send, spawn};

#[warren_guest::main]
fn main(args: Args) -> Result<(), Error> {
    let name: String = args.nth(0)?.unwrap_or_else(|| "world".to_owned());
    let replies = listen("reply")?;
    let greeter = spawn("app:greeter")?;
    send(&greeter, "greet", name)?;
    let reply: String = replies.recv_as()?;
    println!("{reply}");
    Ok(())
}
