//! The control socket, with a client that sends anything.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use tempfile::TempDir;
use warren_tests::{Session, TIMEOUT, Warren};

use crate::Reached;

pub(crate) static CONTROL: [Reached; 2] = [
    Reached::new("requests refused"),
    Reached::new("requests granted"),
];

/// A waiting program, with its socket.
struct Server {
    _session: Mutex<Session>,
    _open: PipeWriter,
    _directory: TempDir,
    socket: PathBuf,
}

/// Sends the bytes: each line is answered or the connection is closed, and the
/// next client is served.
pub(super) fn control(bytes: &[u8]) {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(Server::start);
    let mut client = server.connect();
    // The server may close the connection before all is written.
    let _ = client.get_mut().write_all(bytes);
    let _ = client.get_mut().shutdown(std::net::Shutdown::Write);
    read_to_end(&mut client);

    let mut next = server.connect();
    let request = b"{\"do\":\"list\",\"query\":{\"limit\":1}}\n";
    next.get_mut().write_all(request).expect("is sent");
    let answer = line(&mut next);
    assert!(answer.starts_with("{\"ok\":"), "{answer}");
}

impl Server {
    fn start() -> Server {
        let directory = tempfile::tempdir().expect("a directory");
        let program = directory.path().join("main.lua");
        // The program ends with this test, which closes the pipe then.
        let source = "process.registry.register('worker') print('ready') io.read()";
        std::fs::write(&program, source).expect("is written");
        let socket = directory.path().join("control.sock");
        let (stdin, open) = std::io::pipe().expect("a pipe");
        let mut session = Warren::run(&program)
            .stdin(File::from(OwnedFd::from(stdin)))
            .options(["--control".as_ref(), socket.as_os_str()])
            .start();
        session.wait_for_line("ready");
        Server {
            _session: Mutex::new(session),
            _open: open,
            _directory: directory,
            socket,
        }
    }

    fn connect(&self) -> BufReader<UnixStream> {
        let stream = UnixStream::connect(&self.socket).expect("the program lives");
        stream.set_read_timeout(Some(TIMEOUT)).expect("is set");
        let mut client = BufReader::new(stream);
        let greeting = line(&mut client);
        assert!(greeting.contains("\"protocol\""), "{greeting}");
        client
    }
}

fn line(client: &mut BufReader<UnixStream>) -> String {
    let mut line = String::new();
    client.read_line(&mut line).expect("an answer in time");
    line
}

fn read_to_end(client: &mut BufReader<UnixStream>) {
    loop {
        let mut line = Vec::new();
        match client.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {
                let answer: serde_json::Value =
                    serde_json::from_slice(&line).expect("each answer is JSON");
                let said = answer.get("ok").is_some() != answer.get("error").is_some();
                assert!(said, "{answer}");
                CONTROL[usize::from(answer.get("ok").is_some())].add(1);
            }
            // The server closes the connection of a client that sends too much.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return,
            Err(error) => panic!("no end in time: {error}"),
        }
    }
}
