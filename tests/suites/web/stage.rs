//! A program under attack: a neighbour is answered all the time, and afterwards everything is
//! as it was before.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use warren_tests::TIMEOUT;

use super::client::Client;
use super::{Site, serve};

/// A program and its counts before the first attack.
pub(super) struct Stage {
    pub(super) site: Site,
    control: BufReader<UnixStream>,
    before: Counts,
    _directory: TempDir,
}

/// The things that an attack may not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counts {
    processes: u64,
    /// Open sockets of the program, those of connections among them.
    sockets: usize,
}

/// More than an attack takes on a busy machine.
const BOUND: Duration = Duration::from_secs(240);

/// Looks at counts that say the same: what has ended is gone from them a moment later.
const LOOKS: usize = 20;

/// The requests that the program answers at a time.
const REQUESTS: usize = 40;

/// The settings of a listener that gives clients little time.
pub(super) const LISTENER: &str = "bind = \":0\"\nmax_body = \"64KiB\"\nmax_requests = 40\n\
     timeouts = { read = \"2s\", write = \"4s\", idle = \"2s\" }\n";

const ROUTES: &str = "[routers.\"app:relays\"]\nlistener = \"app:web\"\n\
     post_middleware = [\"websocket_relay\", \"sse_relay\"]\n\
     [routes.\"app:relays\"]\n\"* /\" = \"app:web\"\n\"* /read/{path...}\" = \"app:read\"\n\
     \"GET /hold\" = \"app:hold\"\n\"GET /endless\" = \"app:endless\"\n\
     \"GET /large\" = \"app:large\"\n\"GET /events\" = \"app:events\"\n\
     \"GET /socket\" = \"app:socket\"\n\
     [services.\"app:room\"]\nprocess = \"app:room\"\n";

/// The programs of the routes.
pub(super) const FILES: [(&str, &str); 8] = [
    ("web.lua", "return function() return 'hello' end"),
    (
        "read.lua",
        "return function()
           local req = http.request()
           return req:path() .. ' ' .. #assert(req:body())
         end",
    ),
    (
        "hold.lua",
        "return function()
           local events = process.events()
           http.response():write('held')
           events:receive()
         end",
    ),
    (
        "endless.lua",
        "return function()
           local res, text = http.response(), ('x'):rep(10000)
           while res:write(text) do end
         end",
    ),
    (
        "large.lua",
        "return function() return ('x'):rep(500000) end",
    ),
    (
        "events.lua",
        "return function() return { headers = { ['X-SSE-Relay'] = '{}' } } end",
    ),
    (
        "socket.lua",
        "return function()
           return { headers = { ['X-WS-Relay'] = json.encode { target_pid = 'app:room' } } }
         end",
    ),
    // Sends back what comes, byte by byte in hexadecimal digits.
    (
        "room.lua",
        "return function()
           local inbox, events = process.inbox(), process.events()
           local function digits(byte) return ('%02x'):format(byte:byte()) end
           while true do
             local got = channel.select { inbox:case_receive(), events:case_receive() }
             if got.channel == events then
               return
             end
             local message = got.value
             if message:topic() == 'ws.message' then
               local text = message:payload():gsub('.', digits)
               process.send(message:from(), 'echo', text)
             end
           end
         end",
    ),
];

impl Stage {
    /// Starts the program.
    #[track_caller]
    pub(super) fn start() -> Stage {
        let manifest = format!("[listeners.\"app:web\"]\n{LISTENER}{ROUTES}");
        Stage::with(&[&[("warren.toml", &*manifest)][..], &FILES[..]].concat())
    }

    /// Starts a program of these files, which says `hello` to everybody.
    #[track_caller]
    pub(super) fn with(files: &[(&str, &str)]) -> Stage {
        let directory = TempDir::new().expect("a directory");
        let socket = directory.path().join("control");
        let site = serve(files, &["--control", &socket.to_string_lossy()]);
        let stream = UnixStream::connect(&socket).expect("the control socket takes a client");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        let mut stage = Stage {
            site,
            control: BufReader::new(stream),
            before: Counts {
                processes: 0,
                sockets: 0,
            },
            _directory: directory,
        };
        stage.line();
        // The first request makes what all share.
        stage.is_answered("before the first attack");
        let mut same = 0;
        while same < LOOKS {
            let counts = stage.counts();
            same = if counts == stage.before { same + 1 } else { 0 };
            stage.before = counts;
        }
        stage
    }

    #[track_caller]
    pub(super) fn client(&self) -> Client {
        self.site.client()
    }

    /// Runs an attack. Another client is answered while the values that it returns are there,
    /// which are its connections. Once they are gone, everything is as before, all within a
    /// bounded time.
    #[track_caller]
    pub(super) fn attack<T>(&mut self, name: &str, run: impl FnOnce(&Site) -> T) {
        println!("{name}");
        let begun = Instant::now();
        let held = run(&self.site);
        self.is_answered(name);
        drop(held);
        self.is_as_before(name);
        assert!(begun.elapsed() < BOUND, "{name}: {:?}", begun.elapsed());
    }

    /// Waits until nothing is left of an attack, while its client may still be there.
    #[track_caller]
    pub(super) fn is_as_before(&mut self, name: &str) {
        let begun = Instant::now();
        loop {
            let counts = self.counts();
            let before = self.before;
            if counts.processes <= before.processes && counts.sockets <= before.sockets {
                return;
            }
            let is_in_time = begun.elapsed() < BOUND;
            assert!(is_in_time, "{name}: {counts:?}, not {before:?}");
        }
    }

    /// Shows that no request still counts: as many as there may be are answered at a time.
    #[track_caller]
    pub(super) fn has_room(mut self) {
        let begun = Instant::now();
        loop {
            let mut clients: Vec<Client> = (0..REQUESTS).map(|_| self.client()).collect();
            for client in &mut clients {
                client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
            }
            let first = clients.iter_mut().map(Client::line);
            let is_answered = |line: String| line.starts_with("HTTP/1.1 200 ");
            // The last request before may have ended a moment ago.
            if first.map(is_answered).filter(|is| *is).count() == REQUESTS {
                break;
            }
            assert!(begun.elapsed() < BOUND, "requests still count");
            drop(clients);
            self.is_as_before("requests that were refused");
        }
        self.is_as_before("as many requests as there may be");
    }

    #[track_caller]
    fn is_answered(&self, name: &str) {
        let answer = self.client().get("/");
        assert_eq!((answer.status, &*answer.text()), (200, "hello"), "{name}");
    }

    #[track_caller]
    fn counts(&mut self) -> Counts {
        let request = json!({ "do": "list", "query": { "limit": 1 } });
        writeln!(self.control.get_mut(), "{request}").expect("a request");
        let answer = self.line();
        let processes = answer["ok"]["totals"]["processes"].as_u64();
        Counts {
            processes: processes.unwrap_or_else(|| panic!("no processes in {answer}")),
            sockets: sockets(&self.site),
        }
    }

    #[track_caller]
    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.control.read_line(&mut line).expect("a line in time");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }
}

/// Returns the number of sockets that a program has open.
#[track_caller]
pub(super) fn sockets(site: &Site) -> usize {
    let files = fs::read_dir(format!("/proc/{}/fd", site.session.id()));
    let files = files.expect("the program runs").flatten();
    let targets = files.filter_map(|file| fs::read_link(file.path()).ok());
    let is_socket = |target: &PathBuf| target.to_string_lossy().starts_with("socket:");
    targets.filter(is_socket).count()
}
