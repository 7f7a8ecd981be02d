//! Requests over HTTP to the server whose URL is the argument, which `tests/src/site.rs` is.

use std::io::Read as _;
use std::time::Duration;

use warren_guest::{Args, Error, http, kind, println};

#[warren_guest::main]
fn main(args: Args) -> Result<(), Error> {
    let site: String = args.get()?;
    let at = |path: &str| format!("{site}{path}");

    let hello = http::get(at("/")).send()?;
    assert_eq!((hello.status(), hello.text()?), (200, "hello"));
    assert!(hello.is_success() && hello.url().ends_with('/'));

    let echo = http::post(at("/echo"))
        .query("q", "a b")
        .header("X-Kind", "tea")
        .json(("tea", 3))
        .send()?;
    assert_eq!(echo.header("content-type"), Some("application/json"));
    for part in ["\"POST\"", "q=a+b", "tea", "3"] {
        assert!(echo.text()?.contains(part), "{part}: {}", echo.text()?);
    }

    let fields = http::get(at("/fields")).send()?;
    let is_two = |(name, _): &(&str, &[u8])| *name == "X-Two";
    assert_eq!(fields.headers().filter(is_two).count(), 2);

    let away = at("/redirect/302?") + &at("/");
    assert_eq!(http::get(away.as_str()).send()?.body(), b"hello");
    assert_eq!(http::get(away).redirects(0).send()?.status(), 302);

    let (head, mut body) = http::get(at("/bytes/100000")).stream()?;
    assert_eq!(head.status(), 200);
    let mut begin = [0; 10];
    body.read_exact(&mut begin)?;
    assert_eq!(&begin, b"xxxxxxxxxx");
    let counted = http::post(at("/count")).body_of(body).send()?;
    assert_eq!(counted.text()?, "99990");

    let late = http::get(at("/wait?rust"))
        .timeout(Duration::from_millis(20))
        .send();
    assert!(late.unwrap_err().is(kind::TIMEOUT));
    let long = http::get(at("/bytes/9")).max_response_body(8).send();
    let long = long.unwrap_err();
    assert_eq!(long.limit().map(|limit| limit.value), Some(8), "{long:?}");
    let other = http::get("http://other.example/").send().unwrap_err();
    assert!(other.is(kind::PERMISSION_DENIED), "{other:?}");

    println!("all is fetched");
    Ok(())
}
