//! Attacks by clients of the control socket.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use warren_tests::{Program, Session, TIMEOUT, Warren};

use crate::counts::{Control, Counts};
use crate::scene::{IDLE, Scene, module, refused};

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "control/line_without_end",
        tries: "to make the server keep 64 MiB of a line that never ends",
        end: "it is refused after the longest request, and its connection closed",
        run: line_without_end,
    },
    Scene {
        name: "control/half_lines",
        tries: "to keep everybody out, with 100 clients that begin a request and wait",
        end: "a client that asks has a seat after a moment",
        run: half_lines,
    },
    Scene {
        name: "control/nonsense",
        tries: "JSON nested 400,000 deep, bytes that are no text, numbers out of range, \
                requests and fields that do not exist",
        end: "each is refused as `Invalid`, and the next request answered",
        run: nonsense,
    },
    Scene {
        name: "control/forged_names",
        tries: "to act on processes by names that are no names",
        end: "each is refused, and no control character comes back as it is",
        run: forged_names,
    },
    Scene {
        name: "control/unread_answers",
        tries: "to ask for lists without end and to read none",
        end: "the server keeps no answers for it, others are served, the program ends in time",
        run: unread_answers,
    },
    Scene {
        name: "control/half_closed",
        tries: "to close one direction of the connection before the answer",
        end: "the answer comes",
        run: half_closed,
    },
    Scene {
        name: "control/gone_at_once",
        tries: "500 clients that ask and are gone before the answer",
        end: "their connections are closed, and others are served",
        run: gone_at_once,
    },
    Scene {
        name: "control/second_server",
        tries: "to take the socket of a program that runs",
        end: "the second program is refused, and the first one still serves",
        run: second_server,
    },
    Scene {
        name: "control/paths",
        tries: "to have a file, a directory or what a link leads to replaced by a socket",
        end: "each is refused, and nothing has changed",
        run: paths,
    },
];

/// A program with a control socket, in a directory of its own.
struct Stage {
    session: Session,
    socket: PathBuf,
    before: Counts,
    _program: Program,
}

impl Stage {
    fn new() -> Stage {
        let program = Program::lua("print('ready')\nprocess.events():receive()\n");
        let socket = program.path().join("control");
        let mut session = program
            .command()
            // A parked process gives up memory and files, which is no leak.
            .options(["--control", "control", "--park-after", "off"])
            .start()
            .within(TIMEOUT);
        session.wait_for_line("ready");
        let before = Control::connect(&socket).counts(session.id());
        Stage {
            session,
            socket,
            before,
            _program: program,
        }
    }

    fn client(&self) -> BufReader<UnixStream> {
        let stream = UnixStream::connect(&self.socket).expect("the socket takes a client");
        stream
            .set_read_timeout(Some(TIMEOUT))
            .expect("a timeout is set");
        BufReader::new(stream)
    }

    /// Returns a client that has read the greeting.
    fn greeted(&self) -> BufReader<UnixStream> {
        let mut client = self.client();
        assert!(read(&mut client)["protocol"].is_u64());
        client
    }

    /// Waits until a client is served and every count is back, then ends the
    /// program.
    fn serves(self) {
        let started = Instant::now();
        loop {
            // A client that finds no seat gets a refusal instead of a greeting.
            if let Some(mut control) = Control::try_connect(&self.socket)
                && control.counts(self.session.id()).is_back_at(&self.before)
            {
                break;
            }
            assert!(started.elapsed() < TIMEOUT, "nobody is served");
            std::thread::sleep(Duration::from_millis(20));
        }
        self.session.signal("TERM");
        self.session.end().ends_with(143);
    }
}

fn read(client: &mut BufReader<UnixStream>) -> Value {
    let mut line = String::new();
    client.read_line(&mut line).expect("an answer");
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
}

fn line_without_end() {
    let stage = Stage::new();
    let mut client = stage.greeted();
    let resident = stage.session.resident();
    let piece = vec![b'x'; 1 << 20];
    let sent = (0..64).take_while(|_| client.get_mut().write_all(&piece).is_ok());
    assert!(sent.count() < 64, "all of it is taken");
    let mut rest = String::new();
    // Unread bytes reset the connection, perhaps before the refusal.
    match client.read_to_string(&mut rest) {
        Ok(_) => assert!(rest.contains("too long"), "{rest}"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    let grown = stage.session.largest_resident().saturating_sub(resident);
    assert!(grown < 32 << 20, "{grown} bytes");
    drop(client);
    stage.serves();
}

fn half_lines() {
    let stage = Stage::new();
    let mut clients: Vec<_> = (0..100).map(|_| stage.client()).collect();
    for client in &mut clients {
        // Clients without a seat are closed already.
        let _ = client.get_mut().write_all(b"{\"do\": \"li");
    }
    let started = Instant::now();
    loop {
        let mut client = stage.client();
        if read(&mut client)["protocol"].is_u64() {
            writeln!(client.get_mut(), "{}", json!({"do": "list"})).expect("is sent");
            assert!(read(&mut client)["ok"].is_object());
            break;
        }
        assert!(started.elapsed() < TIMEOUT, "there is no seat");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(clients);
    stage.serves();
}

fn nonsense() {
    let stage = Stage::new();
    let mut client = stage.greeted();
    let deep = "[".repeat(400_000);
    let deep_value = format!(
        r#"{{"do":"send","process":"x","topic":"t","value":{}1{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let lines: [&[u8]; 11] = [
        deep.as_bytes(),
        deep_value.as_bytes(),
        b"",
        b"\xff\xfe{}",
        b"{\"do\":\"list\"}\0",
        b"{\"do\":\"explode\"}",
        b"{\"do\":\"list\",\"do\":\"terminate\",\"process\":\"x\"}",
        b"{\"do\":\"list\",\"query\":{\"limit\":-1}}",
        b"{\"do\":\"list\",\"query\":{\"limit\":18446744073709551616}}",
        b"{\"do\":\"cancel\",\"process\":\"x\",\"within_ms\":1e400}",
        b"{\"do\":\"show\",\"process\":\"x\",\"more\":1}",
    ];
    for line in lines {
        client.get_mut().write_all(line).expect("is sent");
        client.get_mut().write_all(b"\n").expect("is sent");
        let answer = read(&mut client);
        let shown = String::from_utf8_lossy(&line[..line.len().min(80)]);
        assert_eq!(answer["error"]["kind"], "Invalid", "{shown}: {answer}");
    }
    let most = json!({"do": "list", "query": {"limit": u64::MAX}});
    writeln!(client.get_mut(), "{most}").expect("is sent");
    assert!(read(&mut client)["ok"].is_object());
    drop(client);
    stage.serves();
}

fn forged_names() {
    let stage = Stage::new();
    let mut client = stage.greeted();
    let long = "x".repeat(500_000);
    let names = [
        "",
        "\u{1b}[2J",
        "\0",
        "{app:processes|0xffffffffffffffffffffff}",
        "{app:processes|0x0}",
        "{|}",
        "{app:processes|-1}",
        "\u{202e}niam",
        &long,
    ];
    for name in names {
        for request in ["show", "stack", "terminate"] {
            let request = json!({"do": request, "process": name});
            writeln!(client.get_mut(), "{request}").expect("is sent");
            let mut line = String::new();
            client.read_line(&mut line).expect("an answer");
            assert!(line.starts_with(r#"{"error""#), "{line}");
            let obeyed = |c: char| c.is_control() && c != '\n';
            assert!(!line.contains(obeyed), "{line:?}");
        }
    }
    drop(client);
    stage.serves();
}

fn unread_answers() {
    let stage = Stage::new();
    let resident = stage.session.resident();
    let request = format!("{}\n", json!({"do": "list"})).repeat(1_000);
    let clients: Vec<_> = (0..8)
        .map(|_| {
            let mut client = stage.greeted();
            let stream = client.get_mut();
            stream.set_nonblocking(true).expect("is set");
            // Until the socket is full; the server stopped reading long before.
            let mut sent = 0;
            while let Ok(bytes) = stream.write(request.as_bytes()) {
                sent += bytes;
                assert!(sent < 64 << 20, "the server reads on");
            }
            client
        })
        .collect();
    let counts = Control::connect(&stage.socket).counts(stage.session.id());
    assert!(
        !counts.is_back_at(&stage.before),
        "their connections are open"
    );
    let grown = stage.session.largest_resident().saturating_sub(resident);
    assert!(grown < 64 << 20, "{grown} bytes");
    // The program ends although nobody reads.
    stage.session.signal("TERM");
    stage.session.end().ends_with(143);
    drop(clients);
}

fn half_closed() {
    let stage = Stage::new();
    let mut client = stage.greeted();
    write!(client.get_mut(), "{}", json!({"do": "list"})).expect("is sent");
    client
        .get_mut()
        .shutdown(Shutdown::Write)
        .expect("is closed");
    assert!(read(&mut client)["ok"].is_object());
    let mut rest = String::new();
    client.read_to_string(&mut rest).expect("it is closed");
    assert_eq!(rest, "");
    drop(client);
    stage.serves();
}

fn gone_at_once() {
    let stage = Stage::new();
    for _ in 0..500 {
        let mut client = stage.client();
        let _ = writeln!(client.get_mut(), "{}", json!({"do": "list"}));
    }
    stage.serves();
}

fn second_server() {
    let stage = Stage::new();
    let second = module(IDLE)
        .command()
        .options(["--control".as_ref(), stage.socket.as_os_str()])
        .outcome();
    refused(second, 2, &["another program"]);
    stage.serves();
}

fn paths() {
    let program = module(IDLE);
    let path = |name: &str| program.path().join(name);
    fs::write(path("file"), "mine").expect("is written");
    fs::create_dir(path("directory")).expect("is made");
    symlink("file", path("link")).expect("is made");
    symlink("nowhere", path("dangling")).expect("is made");
    let run = |name: &str| -> warren_tests::Outcome {
        Warren::run(".")
            .current_dir(program.path())
            .options(["--control", name])
            .outcome()
    };
    let long = "x".repeat(200);
    for name in [
        "file",
        "directory",
        "link",
        "dangling",
        "no/such",
        "",
        &long,
    ] {
        refused(run(name), 2, &["--control"]);
    }
    assert_eq!(fs::read(path("file")).expect("is there"), b"mine");
    assert!(path("directory").is_dir());
    assert!(path("link").is_symlink() && path("dangling").is_symlink());
    assert!(!path("nowhere").exists());
}
