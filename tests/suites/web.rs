//! Programs that serve HTTP: what comes over the wire, sound and hostile, and what the
//! operator sees.

#![allow(clippy::expect_used)]

mod attacks;
mod attacks_h2;
mod attacks_h2_floods;
mod attacks_ws;
pub(crate) mod client;
mod example;
mod frames;
mod published;
mod relay;
mod stage;
mod tls;
mod traces;

use std::io;
use std::time::{Duration, Instant};

use client::Client;
use frames::frame;
use warren_tests::{Program, Session, Warren};

/// A program that serves.
struct Site {
    session: Session,
    address: String,
    _program: Program,
}

impl Site {
    fn client(&self) -> Client {
        Client::of(&self.address)
    }
}

/// Starts a program of these files.
#[track_caller]
fn serve(files: &[(&str, &str)], options: &[&str]) -> Site {
    serve_with("http", files, options)
}

#[track_caller]
fn serve_with(scheme: &str, files: &[(&str, &str)], options: &[&str]) -> Site {
    let program = Program::of(files);
    let mut session = Warren::tool("serve", ".")
        .current_dir(program.path())
        .options(["--listen", "127.0.0.1:0"])
        .options(options)
        .start();
    let address = session.wait_for_error_with(&format!("listening on {scheme}://"));
    Site {
        session,
        address,
        _program: program,
    }
}

const HELLO: (&str, &str) = ("web.lua", "return function() return 'hello' end");

/// A manifest whose listener gives clients little time.
const SHORT: (&str, &str) = (
    "warren.toml",
    "[listeners.\"app:web\"]\nbind = \":0\"\nmax_body = \"64KiB\"\n\
     timeouts = { read = \"300ms\", write = \"2s\", idle = \"500ms\" }\n\
     [routes.\"app:web\"]\n\"* /{path...}\" = \"app:web\"\n",
);

#[test]
fn a_file_is_served() {
    let site = serve(&[HELLO], &[]);
    let mut client = site.client();
    let answer = client.get("/any/path?x");
    assert_eq!((answer.status, answer.text().as_str()), (200, "hello"));
    assert_eq!(answer.header("content-length"), Some("5"));
    assert!(answer.header("date").is_some());
    // The connection is kept.
    assert_eq!(client.get("/").status, 200);
    site.session.signal("TERM");
    site.session.end().ends_with(143);
}

#[test]
fn a_head_has_its_time_and_others_do_not_wait_for_it() {
    let site = serve(&[HELLO, SHORT], &[]);
    let mut slow: Vec<Client> = (0..200).map(|_| site.client()).collect();
    for client in &mut slow {
        client.send("GET / HTTP/1.1\r\nHos");
    }
    assert_eq!(site.client().get("/").status, 200);
    for client in &mut slow {
        let answer = client.answer();
        assert_eq!(answer.status, 408);
        assert_eq!(answer.header("connection"), Some("close"));
        assert_eq!(client.rest(), b"");
    }
    // Silence, before and behind a request, ends without a word.
    assert_eq!(site.client().rest(), b"");
    let mut client = site.client();
    assert_eq!(client.get("/").status, 200);
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_head_is_bounded() {
    let site = serve(&[HELLO], &[]);
    let fields = |count: usize, value: &str| {
        let fields: String = (0..count)
            .map(|place| format!("X-{place}: {value}\r\n"))
            .collect();
        format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n")
    };
    let status = |request: &str| {
        let mut client = site.client();
        client.try_send(request);
        client.answer().status
    };
    assert_eq!(status(&fields(90, "x")), 200);
    assert_eq!(status(&fields(200, "x")), 431);
    assert_eq!(status(&fields(1, &"x".repeat(100_000))), 431);
    let long = "a".repeat(100_000);
    let refused = status(&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert!(matches!(refused, 414 | 431), "{refused}");
}

#[test]
fn what_is_no_request_is_refused() {
    let site = serve(&[HELLO], &[]);
    for request in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /%0 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-A : b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX-A: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/7.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ] {
        let mut client = site.client();
        client.try_send(request);
        let shown = String::from_utf8_lossy(request);
        assert_eq!(client.answer().status, 400, "{shown:?}");
    }
    let mut old = site.client();
    old.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(old.answer().text(), "hello");
    assert_eq!(old.rest(), b"");
    assert_eq!(site.client().get("/").status, 200);
}

#[test]
fn one_body_is_never_two_requests() {
    let count = "return function()
        local req = http.request()
        return req:path() .. ' ' .. #assert(req:body())
      end";
    let site = serve(&[("web.lua", count)], &[]);
    // With both lengths the chunks count, and the connection ends behind the answer.
    let mut client = site.client();
    client.send(
        "POST /one HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\nabc\r\n0\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    let rest = String::from_utf8_lossy(&client.rest()).into_owned();
    assert!(!rest.contains("/two"), "{rest}");
    assert_eq!(rest.matches("HTTP/1.1 ").count(), 1, "{rest}");
    for chunks in [
        "FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n",
        "-1\r\na\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "x\r\n\r\n",
    ] {
        let mut client = site.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.try_send(chunks);
        let answer = client.answer();
        assert_eq!(answer.status, 400, "{chunks:?}");
    }
    for coding in ["gzip", "chunked, gzip", "identity"] {
        let mut client = site.client();
        client.try_send(format!(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n"
        ));
        let rest = String::from_utf8_lossy(&client.rest()).into_owned();
        assert!(!rest.starts_with("HTTP/1.1 200"), "{coding}: {rest}");
    }
}

#[test]
fn requests_that_come_at_once_are_answered_in_order() {
    let site = serve(
        &[(
            "web.lua",
            "return function()
               local path = http.request():path()
               if path == '/slow' then time.sleep('50ms') end
               return path
             end",
        )],
        &[],
    );
    let mut client = site.client();
    let paths = ["/slow", "/a", "/slow", "/b"];
    let requests = paths.map(|path| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
    client.send(requests.concat());
    for path in paths {
        assert_eq!(client.answer().text(), path);
    }
}

#[test]
fn a_body_is_bounded_in_bytes_and_time() {
    let read = "return function() return #assert(http.request():body()) end";
    let site = serve(&[("web.lua", read), SHORT], &[]);
    // Known before it comes, and found out on the way.
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n");
    assert_eq!(client.answer().status, 413);
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    // The server may close the connection before it has taken all of this.
    while client.try_send(&chunk) {}
    // One that stops in the middle.
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    assert_eq!(client.answer().status, 408);
    // One that nobody asks for is no harm.
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(client.answer().text(), "3");
}

#[test]
fn the_body_of_a_request_that_expects_it_is_asked_for() {
    let read = "return function() return http.request():body() end";
    let site = serve(&[("web.lua", read)], &[]);
    let mut client = site.client();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    client.send(head);
    assert_eq!(client.answer().status, 100);
    client.send("abc");
    assert_eq!(client.answer().text(), "abc");
}

#[test]
fn a_crash_is_a_500_with_the_id_of_the_log() {
    let crash = "return function()
        local req = http.request()
        if req:path() == '/late' then
          http.response():write(('x'):rep(200000))
        end
        error('a secret')
      end";
    let site = serve(&[("web.lua", crash)], &[]);
    let answer = site.client().get("/");
    assert_eq!(answer.status, 500);
    let id = answer.header("x-request-id").expect("an id").to_owned();
    let text = answer.text();
    assert!(text.contains(&id) && !text.contains("secret"), "{text}");
    // Bytes were sent: the answer breaks off, and looks like nothing whole.
    let mut client = site.client();
    client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    let rest = client.rest();
    assert!(rest.starts_with(b"HTTP/1.1 200") && !rest.ends_with(b"\r\n0\r\n\r\n"));
    assert_eq!(site.client().get("/").status, 500);
    site.session.signal("TERM");
    let outcome = site.session.end().ends_with(143);
    let told = outcome
        .stderr
        .lines()
        .any(|line| line.contains(&id) && line.contains("a secret"));
    assert!(told, "{outcome}");
}

const NARROW: (&str, &str) = (
    "warren.toml",
    "[listeners.\"app:web\"]\nbind = \":0\"\n\
     [routes.\"app:web\"]\n\"GET /wait\" = \"app:wait\"\n\"GET /quick\" = \"app:quick\"\n\
     \"GET /\" = \"app:web\"\n\
     [processes.\"app:wait\"]\nhost = \"app:one\"\n\
     [processes.\"app:quick\"]\nhost = \"app:one\"\n\
     [hosts.\"app:one\"]\nmax_processes = 1\n",
);

const WAIT: &str = "return function()
    local events = process.events()
    print('waits')
    events:receive()
  end";

/// Nobody knows what a token stands for while its store cannot be reached.
#[test]
fn a_token_whose_store_cannot_be_reached_is_a_503() {
    let manifest = "[stores.\"app:values\"]\nurl = \"NATS_URL\"\n\
                    [tokens.\"app:tokens\"]\nstore = \"values\"\n\
                    [listeners.\"app:web\"]\nbind = \":0\"\n\
                    [routers.\"app:all\"]\nlistener = \"app:web\"\nprefix = \"/\"\n\
                    middleware = [\"token_auth\"]\n\
                    options = { \"token_auth.store\" = \"app:tokens\" }\n\
                    [routes.\"app:all\"]\n\"GET /\" = \"app:web\"\n";
    // Nothing listens at port 1.
    let options = ["--env", "NATS_URL=nats://127.0.0.1:1"];
    let site = serve(&[HELLO, ("warren.toml", manifest)], &options);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer abc\r\n\r\n");
    assert_eq!(client.answer().status, 503);
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_full_host_refuses_until_there_is_room() {
    let quick = ("quick.lua", "return function() end");
    let mut site = serve(&[HELLO, NARROW, ("wait.lua", WAIT), quick], &[]);
    let mut first = site.client();
    first.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    site.session.wait_for_line("waits");
    // The host has no room for a second process, and other hosts go on.
    let refused = site.client().get("/wait");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(site.client().get("/").status, 200);
    // The client goes, and its process ends.
    drop(first);
    loop {
        match site.client().get("/quick").status {
            204 => break,
            status => assert_eq!(status, 503),
        }
    }
}

#[test]
fn a_listener_answers_so_many_requests_at_a_time() {
    let few = (
        "warren.toml",
        "[listeners.\"app:web\"]\nbind = \":0\"\nmax_requests = 1\n\
         [routes.\"app:web\"]\n\"GET /\" = \"app:web\"\n",
    );
    let mut site = serve(&[("web.lua", WAIT), few], &[]);
    let mut first = site.client();
    first.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    site.session.wait_for_line("waits");
    let refused = site.client().get("/");
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("1"));
}

#[test]
fn a_client_that_has_gone_cancels_its_process() {
    let wait = "return function()
        local events = process.events()
        print('waits')
        local event = events:receive()
        print(event.kind, event.reason)
      end";
    let mut site = serve(&[("web.lua", wait)], &[]);
    let mut client = site.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    site.session.wait_for_line("waits");
    drop(client);
    site.session
        .wait_for_line("pid.cancel\tthe client has gone");
    // A reset of a stream of HTTP/2 is the same.
    let mut client = site.client();
    client.send(frames::preface());
    let flags = frames::END_STREAM | frames::END_HEADERS;
    client.send(frame(frames::HEADERS, flags, 1, frames::GET));
    site.session.wait_for_line("waits");
    client.send(frame(frames::RESET, 0, 1, &8_u32.to_be_bytes()));
    site.session
        .wait_for_line("pid.cancel\tthe client has gone");
}

#[test]
fn a_process_that_does_not_answer_is_canceled() {
    let wait = "return function()
        local event = process.events():receive()
        print(event.kind, event.reason)
      end";
    let mut site = serve(&[("web.lua", wait), SHORT], &[]);
    assert_eq!(site.client().get("/").status, 504);
    site.session
        .wait_for_line("pid.cancel\tthe time for the answer is over");
}

#[test]
fn the_end_lets_requests_be_answered() {
    let read = "return function() print('begun') return http.request():body() end";
    let mut site = serve(&[("web.lua", read)], &["--grace", "60s"]);
    let mut kept = site.client();
    let mut client = site.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc");
    site.session.wait_for_line("begun");
    kept.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    kept.answer();
    site.session.signal("TERM");
    // Nothing is accepted any more, and connections without a request end.
    assert_eq!(kept.rest(), b"");
    let refused = loop {
        match Client::try_of(&site.address) {
            Err(error) => break error,
            Ok(mut client) => assert_eq!(client.rest(), b""),
        }
    };
    // One that came at the last moment is reset.
    let kinds = [
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
    ];
    assert!(kinds.contains(&refused.kind()), "{refused}");
    client.send("def");
    let answer = client.answer();
    assert_eq!(answer.text(), "abcdef");
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(client.rest(), b"");
    site.session.end().ends_with(143);
}

#[test]
fn each_request_is_a_line_of_the_log() {
    let options = ["--log", "warren::http=info", "--log-format", "json"];
    let site = serve(&[HELLO], &options);
    let answer = site.client().get("/path?token=secret");
    let id = answer.header("x-request-id").expect("an id").to_owned();
    site.session.signal("TERM");
    let outcome = site.session.end().ends_with(143);
    let line = outcome.stderr.lines().find(|line| line.contains(&id));
    let line = line.unwrap_or_else(|| panic!("no line: {outcome}"));
    for part in [
        "\"method\":\"GET\"",
        "\"path\":\"/path\"",
        "\"listener\":\"app:web\"",
        "\"status\":200",
        "\"bytes\":5",
        "\"pid\":\"{app:processes|",
        "127.0.0.1:",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert!(!outcome.stderr.contains("secret"), "{outcome}");
}

#[test]
fn http_2_is_spoken_at_the_same_port() {
    let site = serve(&[HELLO], &[]);
    let mut client = site.client();
    client.send(frames::preface());
    let flags = frames::END_STREAM | frames::END_HEADERS;
    client.send(frame(frames::HEADERS, flags, 1, frames::GET));
    let (mut has_head, mut body) = (false, Vec::new());
    while body.len() < 5 {
        let (kind, len) = frames::read_head(&client.bytes(9));
        let payload = client.bytes(len);
        match kind {
            // The status 200 is the first field.
            frames::HEADERS => has_head = payload[0] == 0x88,
            frames::DATA => body.extend(payload),
            _ => {}
        }
    }
    assert!(has_head);
    assert_eq!(body, b"hello");
}

#[test]
fn streams_that_are_reset_at_once_end_their_connection() {
    let site = serve(&[HELLO], &[]);
    let begun = Instant::now();
    let mut client = site.client();
    client.send(frames::preface());
    let flags = frames::END_STREAM | frames::END_HEADERS;
    for number in 0..100_000 {
        let stream = 2 * number + 1;
        let head = frame(frames::HEADERS, flags, stream, frames::GET);
        let reset = frame(frames::RESET, 0, stream, &8_u32.to_be_bytes());
        if !client.try_send([head, reset].concat()) {
            break;
        }
    }
    client.rest();
    // Long before a connection without requests ends.
    assert!(begun.elapsed() < HALF_IDLE);
    assert_eq!(site.client().get("/").status, 200);
}

/// Half of the time that a connection has between requests.
const HALF_IDLE: Duration = Duration::from_secs(30);

#[test]
fn a_head_in_endless_parts_ends_its_connection() {
    let site = serve(&[HELLO], &[]);
    let begun = Instant::now();
    let mut client = site.client();
    client.send(frames::preface());
    client.send(frame(frames::HEADERS, frames::END_STREAM, 1, frames::GET));
    let part = frame(frames::CONTINUATION, 0, 1, &frames::FIELD.repeat(1_000));
    for _ in 0..10_000 {
        if !client.try_send(&part) {
            break;
        }
    }
    client.rest();
    assert!(begun.elapsed() < HALF_IDLE);
    assert_eq!(site.client().get("/").status, 200);
}

#[test]
fn paths_lead_to_no_file_outside() {
    let manifest = "[listeners.\"app:web\"]\nbind = \":0\"\n\
                    [static.\"app:site\"]\nlistener = \"app:web\"\ndirectory = \"public\"\n";
    let site = serve(
        &[
            ("warren.toml", manifest),
            ("public/a.txt", "a"),
            ("secret.txt", "secret"),
        ],
        &[],
    );
    assert_eq!(site.client().get("/a.txt").text(), "a");
    for path in [
        "/../secret.txt",
        "/./../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "//secret.txt",
        "/a.txt/../../secret.txt",
        "/%00",
    ] {
        let answer = site.client().get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
    }
}

#[test]
fn an_address_in_use_is_told() {
    let site = serve(&[HELLO], &[]);
    let other = Program::of(&[HELLO]);
    Warren::tool("serve", ".")
        .current_dir(other.path())
        .options(["--listen", &site.address])
        .outcome()
        .ends_with(1)
        .says(&["cannot listen at", "another program listens there"]);
}
