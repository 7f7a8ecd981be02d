//! The example hello-web.

use warren_tests::Warren;

use super::client::Client;
use super::relay::{Socket, TEXT};

#[test]
fn hello_web() {
    let mut session = Warren::tool("serve", "examples/hello-web")
        .options(["--listen", "127.0.0.1:0"])
        .start();
    let address = session.wait_for_error_with("listening on http://");
    let mut client = Client::of(&address);

    let hello = client.get("/hello/Ada%20L.").text();
    let begin = "hello, Ada L., from process {app:processes|0x";
    assert!(hello.starts_with(begin), "{hello}");
    assert_ne!(client.get("/hello/Ada%20L.").text(), hello);

    assert_eq!(client.get("/visits").text(), "{\"visits\":0}");
    let visit = "POST /visits HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    for visits in 1..=3 {
        client.send(visit);
        let seen = format!("{{\"visits\":{visits}}}");
        assert_eq!(client.answer().text(), seen);
    }
    assert_eq!(client.get("/visits").text(), "{\"visits\":3}");

    let page = client.get("/");
    let kind = page.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/html"), "{kind}");
    assert!(page.text().contains("<title>warren says hello</title>"));

    let clock = client.get("/clock");
    assert_eq!(clock.header("content-type"), Some("text/event-stream"));
    assert_eq!(clock.text().matches("event: tick\ndata: {").count(), 5);

    assert_eq!(client.get("/crash").status, 500);
    assert_eq!(client.get("/missing").status, 404);

    let open = |name: &str| {
        let path = format!("/chat?name={name}");
        Socket::at(Client::of(&address), &path).expect("the socket is opened")
    };
    let (mut ada, mut bob) = (open("Ada"), open("Bob"));
    ada.send(TEXT, b"hello");
    for client in [&mut ada, &mut bob] {
        let said = client.text();
        let is_whole = said.starts_with("{\"topic\":\"said\",\"data\":{")
            && said.contains("\"by\":\"Ada\"")
            && said.contains("\"text\":\"hello\"");
        assert!(is_whole, "{said}");
    }

    session.signal("TERM");
    let outcome = session.end().ends_with(143);
    assert!(
        outcome.stderr.contains("this handler is broken"),
        "{outcome}"
    );
}
