//! Bytes of a client of the HTTP server, over a connection in memory.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use warren_capabilities::server::{ListenerCounts, Unbound};
use warren_engine::capability::web::{
    ListenerSettings, RouteSettings, WebSettings, WebTimeouts, parse_bind,
};
use warren_engine::{DEFAULT_HOST, Node};

use super::node::block_on;
use crate::Reached;
use crate::support::{Setup, World, guest, in_time, small_host};

pub(crate) static HEADS: [Reached; 3] = [
    Reached::new("requests answered"),
    Reached::new("requests refused"),
    Reached::new("connections of HTTP/2"),
];

/// Times of a client that sends nothing more: an input takes no longer than they do.
const TIMEOUTS: WebTimeouts = WebTimeouts {
    read: Duration::from_millis(10),
    write: Duration::from_secs(5),
    idle: Duration::from_millis(10),
};

/// Bytes between the client and the server: more than the answers to an input.
const BUFFER: usize = 1 << 20;

/// The first bytes of HTTP/2.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Returns the node of all inputs, which has the definition `app:web`.
pub(super) fn node() -> &'static Arc<Node> {
    static NODE: OnceLock<Arc<Node>> = OnceLock::new();
    NODE.get_or_init(|| {
        block_on(async {
            let world = World::set_up(Setup {
                hosts: vec![(DEFAULT_HOST.to_owned(), small_host())],
                ..Setup::default()
            });
            // It returns at once.
            world.define("app:web", &guest("", ""));
            Arc::clone(&world.node)
        })
    })
}

/// Sends the bytes. The answers are whole, the connection ends by itself, and nothing of it
/// still counts.
pub(super) fn heads(bytes: &[u8]) {
    static UNBOUND: OnceLock<Arc<Unbound>> = OnceLock::new();
    let unbound = UNBOUND.get_or_init(|| {
        let bind = parse_bind("127.0.0.1:0").expect("an address");
        let listener = ListenerSettings {
            timeouts: TIMEOUTS,
            max_body: 1_000,
            ..ListenerSettings::new("app:web", bind)
        };
        let mut settings = WebSettings::default();
        for route in ["GET /", "* /any/{rest...}"] {
            let route = RouteSettings::new("app:web", route, "app:web");
            settings.routes.push(route.expect("a route"));
        }
        let unbound = Unbound::new(node(), &listener, &settings);
        Arc::new(unbound.expect("nothing is opened"))
    });
    let unbound = Arc::clone(unbound);
    let answer = block_on(in_time(async {
        let (client, server) = tokio::io::duplex(BUFFER);
        let served = {
            let unbound = Arc::clone(&unbound);
            tokio::spawn(async move { unbound.serve(server).await })
        };
        let answer = converse(client, bytes).await;
        served.await.expect("the server does not panic");
        // Processes may end behind their answers.
        while !is_idle(&unbound.counts().listeners[0]) {
            tokio::task::yield_now().await;
        }
        answer
    }));
    if bytes.starts_with(PREFACE) {
        // The settings of the server come first, whatever the client has sent.
        assert_eq!(frames(&answer).next(), Some(SETTINGS));
        HEADS[2].add(1);
    } else {
        count_answers(&answer);
    }
}

/// Writes all bytes while it reads the answers, to the end of the connection. A client of HTTP/2
/// goes once the server wants to.
async fn converse(client: DuplexStream, bytes: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(client);
    let mut answer = Vec::new();
    let write = async {
        // The server may close the connection before all is written.
        let _ = writer.write_all(bytes).await;
        std::future::pending().await
    };
    let read = async {
        let is_http_2 = bytes.starts_with(PREFACE);
        // A connection in memory has no resets: what was written can be read.
        while reader.read_buf(&mut answer).await.expect("it can be read") > 0 {
            if is_http_2 && frames(&answer).any(|kind| kind == GOAWAY) {
                break;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
    answer
}

/// The kinds of the first frame, and of the one that ends a connection.
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// Returns the kinds of the frames that are whole.
fn frames(mut rest: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let [one, two, three, kind, ..] = rest else {
            return None;
        };
        let len = u32::from_be_bytes([0, *one, *two, *three]);
        rest = rest.get(9 + usize::try_from(len).ok()?..)?;
        Some(*kind)
    })
}

fn is_idle(counts: &ListenerCounts) -> bool {
    counts.open_connections == 0 && counts.active_requests == 0
}

/// Counts answers of HTTP/1, each with a status and all bytes that its head promises.
fn count_answers(mut rest: &[u8]) {
    while !rest.is_empty() {
        let text = String::from_utf8_lossy(rest);
        let end = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("half of a head: {text}"));
        let head = std::str::from_utf8(&rest[..end]).expect("a head is a text");
        rest = &rest[end + 4..];
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| first.strip_prefix("HTTP/1.0 "));
        let status: u16 = status
            .and_then(|status| status.get(..3)?.parse().ok())
            .unwrap_or_else(|| panic!("no status in {head:?}"));
        match status {
            200..400 => HEADS[0].add(1),
            400..=599 => HEADS[1].add(1),
            _ => assert_eq!(status, 100, "{head:?}"),
        }
        let mut fields = lines.filter_map(|line| line.split_once(": "));
        let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let length: usize = length.map_or(0, |(_, length)| length.parse().expect("a length"));
        // An answer to HEAD has the length of bytes that do not come.
        if !rest.is_empty() && !rest.starts_with(b"HTTP/1.") {
            assert!(rest.len() >= length, "half of a body: {text}");
            rest = &rest[length..];
        }
    }
}

/// Makes requests that are sound but for a part.
pub(super) fn make(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    const METHODS: [&str; 6] = ["GET", "POST", "HEAD", "OPTIONS", "CONNECT", "get"];
    const TARGETS: [&str; 9] = [
        "/",
        "/any/a%20b?c",
        "/none",
        "*",
        "http://a/",
        "a:80",
        "/%",
        "//",
        "/any/..",
    ];
    const VERSIONS: [&str; 4] = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2"];
    const FIELDS: [&str; 12] = [
        "Host: a\r\n",
        "X: b\r\n",
        "X : b\r\n",
        "X\r\n",
        " folded\r\n",
        "Connection: close\r\n",
        "Expect: 100-continue\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Cookie: a=b\r\n",
        "X: \u{1}\r\n",
    ];
    const BODIES: [&str; 8] = [
        "\r\n",
        "\r\n",
        "Content-Length: 3\r\n\r\nabc",
        "Content-Length: 2000\r\n\r\nabc",
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: b\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    ];
    let mut text = String::new();
    for _ in 0..random.int_in_range(1..=4)? {
        let method = random.choose(&METHODS)?;
        let target = random.choose(&TARGETS)?;
        text += &format!("{method} {target} {}\r\n", random.choose(&VERSIONS)?);
        if random.ratio(7, 8)? {
            text += "Host: a\r\n";
        }
        for _ in 0..random.int_in_range(0..=2)? {
            text += random.choose(&FIELDS)?;
        }
        text += random.choose(&BODIES)?;
    }
    let mut bytes = text.into_bytes();
    if random.ratio(1, 4)? {
        let at = random.int_in_range(0..=bytes.len() - 1)?;
        bytes[at] = random.arbitrary()?;
    }
    Ok(bytes)
}
