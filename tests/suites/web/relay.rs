//! WebSockets and streams of events, with clients that may do anything.

use super::client::Client;
use super::{Site, serve};

/// A WebSocket, frame by frame.
pub(super) struct Socket(pub(super) Client);

pub(super) const TEXT: u8 = 0x81;
pub(super) const BINARY: u8 = 0x82;
pub(super) const CLOSE: u8 = 0x88;
pub(super) const PING: u8 = 0x89;

/// The bit of a frame that is the last of its message.
pub(super) const LAST: u8 = 0x80;

pub(super) const HANDSHAKE: &str = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                         Sec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

impl Socket {
    #[track_caller]
    fn open(site: &Site) -> Socket {
        Socket::try_open(site).expect("the socket is opened")
    }

    fn try_open(site: &Site) -> Result<Socket, u16> {
        Socket::at(site.client(), "/")
    }

    /// The status of another answer is the error.
    pub(super) fn at(mut client: Client, path: &str) -> Result<Socket, u16> {
        client.send(format!("GET {path} HTTP/1.1\r\n{HANDSHAKE}"));
        let answer = client.answer();
        if answer.status != 101 {
            return Err(answer.status);
        }
        let accept = answer.header("sec-websocket-accept");
        assert_eq!(accept, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        Ok(Socket(client))
    }

    #[track_caller]
    pub(super) fn send(&mut self, kind: u8, payload: &[u8]) {
        self.0.send(masked(kind, payload));
    }

    /// Reads a frame: its kind and its payload.
    #[track_caller]
    pub(super) fn frame(&mut self) -> (u8, Vec<u8>) {
        let head = self.0.bytes(2);
        let long = match head[1] {
            126 => self.0.bytes(2),
            127 => self.0.bytes(8),
            len => vec![len],
        };
        let len = long
            .iter()
            .fold(0, |len, byte| (len << 8) | usize::from(*byte));
        (head[0], self.0.bytes(len))
    }

    #[track_caller]
    pub(super) fn text(&mut self) -> String {
        let (kind, payload) = self.frame();
        assert_eq!(kind, TEXT);
        String::from_utf8(payload).expect("a text")
    }

    /// Reads up to the end of the connection. Returns the code with which it is closed.
    #[track_caller]
    pub(super) fn code(&mut self) -> u16 {
        loop {
            let (kind, payload) = self.frame();
            if kind == CLOSE {
                self.0.try_send(masked(CLOSE, &payload));
                assert_eq!(self.0.rest(), b"");
                return u16::from_be_bytes([payload[0], payload[1]]);
            }
        }
    }
}

/// Returns a frame of a client. The mask has no bits, so the payload stays what it is.
pub(super) fn masked(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(kind, payload.len());
    frame.extend(payload);
    frame
}

/// Returns the head of a frame of a client.
fn head(kind: u8, len: usize) -> Vec<u8> {
    let mut head = vec![kind, LAST | 127];
    head.extend((len as u64).to_be_bytes());
    head.extend([0; 4]);
    head
}

const MANIFEST: &str = "[listeners.\"app:web\"]\nbind = \":0\"\n\
                        [routers.\"app:relays\"]\nlistener = \"app:web\"\n\
                        post_middleware = [\"websocket_relay\", \"sse_relay\"]\n\
                        [routes.\"app:relays\"]\n\"GET /\" = \"app:web\"\n\
                        \"GET /fill\" = \"app:fill\"\n\"GET /go\" = \"app:go\"\n\
                        \"GET /events\" = \"app:events\"\n\
                        [services.\"app:room\"]\nprocess = \"app:room\"\n";

/// The files of the program, but for the process that is told of the clients.
const FILES: [(&str, &str); 5] = [
    ("warren.toml", MANIFEST),
    (
        "web.lua",
        "return function()
           return { headers = { ['X-WS-Relay'] = json.encode { target_pid = 'app:room' } } }
         end",
    ),
    (
        "events.lua",
        "return function()
           return { headers = { ['X-SSE-Relay'] = '{}' } }
         end",
    ),
    (
        "fill.lua",
        "return function()
           local err
           repeat
             local _
             _, err = process.send('app:room', 'nothing')
           until err
           assert(errors.is(err, errors.RATE_LIMITED), tostring(err))
         end",
    ),
    (
        "go.lua",
        "return function()
           assert(process.cancel('app:room', '1h'))
         end",
    ),
];

/// Serves the program with this process, and other files in place of its own.
#[track_caller]
fn serve_room(room: &str, others: &[(&str, &str)], options: &[&str]) -> Site {
    let mut files = FILES.to_vec();
    files.retain(|(name, _)| others.iter().all(|(other, _)| other != name));
    files.push(("room.lua", room));
    files.extend(others);
    serve(&files, options)
}

/// A process that answers each message with itself, and prints who comes and goes.
const ECHO: &str = "return function()
    local inbox, events = process.inbox(), process.events()
    while true do
      local got = channel.select { inbox:case_receive(), events:case_receive() }
      if got.channel == events then
        return
      end
      local topic = got.value:topic()
      if topic == 'ws.message' then
        process.send(got.value:from(), 'echo', got.value:payload())
      elseif topic ~= 'ws.heartbeat' then
        print(topic)
      end
    end
  end";

#[track_caller]
fn echoes(socket: &mut Socket, text: &str) {
    socket.send(TEXT, text.as_bytes());
    loop {
        let (kind, payload) = socket.frame();
        if kind == TEXT {
            let wanted = format!("{{\"topic\":\"echo\",\"data\":\"{text}\"}}");
            assert_eq!(String::from_utf8_lossy(&payload), wanted);
            return;
        }
        assert_eq!(kind, PING);
    }
}

#[test]
fn frames_that_break_the_protocol_close_their_socket() {
    let site = serve_room(ECHO, &[], &[]);
    let mut other = Socket::open(&site);
    let long = masked(TEXT & !LAST, &vec![b'a'; 1 << 20]);
    for (bytes, code) in [
        // A text that is no UTF-8.
        (masked(TEXT, b"\xff"), 1007),
        // Longer than a frame, and than a message, may be.
        (head(BINARY, (1 << 20) + 1), 1009),
        (head(BINARY, usize::MAX), 1009),
        ([long, masked(LAST, b"a")].concat(), 1009),
        // Without a mask.
        (vec![TEXT, 1, b'a'], 1002),
        // Of no kind, with bits that mean nothing, without a beginning, in parts.
        (masked(0x83, b"a"), 1002),
        (masked(0xc1, b"a"), 1002),
        (masked(LAST, b"a"), 1002),
        (masked(PING & !LAST, b"a"), 1002),
        (masked(PING, &[b'a'; 126]), 1002),
    ] {
        let mut socket = Socket::open(&site);
        socket.0.try_send(&bytes);
        let shown = &bytes[..bytes.len().min(20)];
        assert_eq!(socket.code(), code, "{shown:?}");
    }
    echoes(&mut other, "still here");
}

#[test]
fn a_client_that_goes_without_a_word_has_left() {
    let web = "return function()
        local wish = { target_pid = 'app:room', heartbeat_interval = '100ms' }
        return { headers = { ['X-WS-Relay'] = json.encode(wish) } }
      end";
    let mut site = serve_room(ECHO, &[("web.lua", web)], &[]);
    let socket = Socket::open(&site);
    site.session.wait_for_line("ws.join");
    drop(socket);
    site.session.wait_for_line("ws.leave");
    // So has one that shows no sign of life.
    let mut silent = Socket::open(&site);
    site.session.wait_for_line("ws.join");
    assert_eq!(silent.code(), 1001);
    site.session.wait_for_line("ws.leave");
}

#[test]
fn a_client_that_takes_nothing_holds_up_nobody() {
    let room = "return function()
        local inbox, count = process.inbox(), 0
        local text = ('x'):rep(100000)
        while true do
          local message = inbox:receive()
          local topic, from = message:topic(), message:from()
          if topic == 'ws.message' and message:payload() == 'flood' then
            -- As much as the relay and the connection hold.
            local refused = 0
            while refused < 20 do
              local sent, err = process.send(from, 'flood', count, text)
              if sent then
                count, refused = count + 1, 0
              else
                assert(errors.is(err, errors.RATE_LIMITED), tostring(err))
                refused = refused + 1
                time.sleep('5ms')
              end
            end
            print('full')
          elseif topic == 'ws.message' then
            process.send(from, 'echo', count)
          end
        end
      end";
    let mut site = serve_room(room, &[], &[]);
    let mut slow = Socket::open(&site);
    let mut other = Socket::open(&site);
    slow.send(TEXT, b"flood");
    site.session.wait_for_line("full");
    other.send(TEXT, b"count");
    let count = other.text();
    let count = count
        .strip_prefix("{\"topic\":\"echo\",\"data\":")
        .and_then(|rest| rest.strip_suffix('}')?.parse().ok());
    let count: usize = count.expect("a number");
    // Nothing that was accepted is lost.
    for number in 0..count {
        let text = slow.text();
        let begin = format!("{{\"topic\":\"flood\",\"data\":[{number},\"xxx");
        assert!(text.starts_with(&begin), "{text:.60}");
    }
    slow.send(TEXT, b"count");
    assert!(slow.text().starts_with("{\"topic\":\"echo\""));
}

#[test]
fn frames_wait_for_a_target_without_room() {
    let room = "return function()
        local inbox = process.inbox()
        process.events():receive()
        local seen = 0
        while seen < 100 do
          local message = inbox:receive()
          if message:topic() == 'ws.message' then
            seen = seen + 1
            assert(message:payload() == tostring(seen))
          end
        end
        print('all')
        inbox:receive()
      end";
    let manifest = format!(
        "{MANIFEST}[processes.\"app:room\"]\nhost = \"app:small\"\n\
         [hosts.\"app:small\"]\nmax_queue = {{ messages = 8 }}\n"
    );
    let mut site = serve_room(room, &[("warren.toml", &manifest)], &[]);
    let mut socket = Socket::open(&site);
    assert_eq!(site.client().get("/fill").status, 204);
    for number in 1..=100 {
        socket.send(TEXT, number.to_string().as_bytes());
    }
    assert_eq!(site.client().get("/go").status, 204);
    site.session.wait_for_line("all");
}

#[test]
fn a_full_host_opens_no_socket() {
    let manifest = format!(
        "{MANIFEST}[processes.\"app:web\"]\nhost = \"app:one\"\n\
         [hosts.\"app:one\"]\nmax_processes = 1\n"
    );
    let site = serve_room(ECHO, &[("warren.toml", &manifest)], &[]);
    // The process of the handler makes room for the relay.
    let mut first = Socket::open(&site);
    echoes(&mut first, "first");
    assert_eq!(Socket::try_open(&site).err(), Some(503));
    echoes(&mut first, "still first");
    drop(first);
    let mut second = loop {
        match Socket::try_open(&site) {
            Ok(socket) => break socket,
            Err(status) => assert_eq!(status, 503),
        }
    };
    echoes(&mut second, "second");
}

#[test]
fn the_end_closes_sockets_and_streams() {
    let site = serve_room(ECHO, &[], &["--grace", "60s"]);
    let mut socket = Socket::open(&site);
    let mut stream = site.client();
    stream.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    while !stream.line().starts_with("event: ready") {}
    site.session.signal("TERM");
    assert_eq!(socket.code(), 1001);
    // The stream is whole.
    let rest = stream.rest();
    assert!(rest.ends_with(b"0\r\n\r\n"), "{rest:?}");
    let outcome = site.session.end().ends_with(143);
    outcome.prints("ws.join\nws.leave\n");
}

#[test]
fn an_open_socket_takes_little_memory() {
    const SOCKETS: u64 = 700;
    let room = "return function()
        local inbox = process.inbox()
        while true do
          inbox:receive()
        end
      end";
    let site = serve_room(room, &[], &[]);
    // The first ones make what all share.
    let first: Vec<Socket> = (0..50).map(|_| Socket::open(&site)).collect();
    let before = site.session.own_memory();
    let others: Vec<Socket> = (0..SOCKETS).map(|_| Socket::open(&site)).collect();
    let of_each = site.session.own_memory().saturating_sub(before) / SOCKETS;
    assert!(of_each < 40 << 10, "{of_each} bytes");
    drop((first, others));
}

#[test]
fn a_large_message_leaves_no_memory() {
    const SOCKETS: u64 = 100;
    const PONG: u8 = 0x8a;
    // Nobody is told of the messages.
    let web = "return function() return { headers = { ['X-WS-Relay'] = '{}' } } end";
    let site = serve_room(ECHO, &[("web.lua", web)], &[]);
    let large = masked(BINARY, &vec![b'a'; 1 << 20]);
    let open = |_: u64| {
        let mut socket = Socket::open(&site);
        socket.0.send(&large);
        socket.send(PING, b"");
        while socket.frame().0 != PONG {}
        socket
    };
    let first: Vec<Socket> = (0..20).map(open).collect();
    let before = site.session.own_memory();
    let others: Vec<Socket> = (0..SOCKETS).map(open).collect();
    let of_each = site.session.own_memory().saturating_sub(before) / SOCKETS;
    assert!(of_each < 200 << 10, "{of_each} bytes");
    drop((first, others));
}
