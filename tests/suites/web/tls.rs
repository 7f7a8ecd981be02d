//! A listener with a certificate.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use warren_tests::{Program, TIMEOUT, Warren};

use super::client::Client;
use super::stage::sockets;
use super::{HELLO, Site, serve_with};

const MANIFEST: (&str, &str) = (
    "warren.toml",
    "[listeners.\"app:web\"]\nbind = \":0\"\ntls = { cert = \"cert.pem\", key = \"key.pem\" }\n\
     timeouts = { read = \"3s\" }\n[routes.\"app:web\"]\n\"GET /\" = \"app:web\"\n",
);

/// A program that speaks TLS, and a client that knows its certificate.
struct Secure {
    site: Site,
    config: Arc<ClientConfig>,
}

impl Secure {
    #[track_caller]
    fn serve() -> Secure {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]);
        let made = made.expect("a certificate");
        let (cert, key) = (made.cert.pem(), made.key_pair.serialize_pem());
        let files = [HELLO, MANIFEST, ("cert.pem", &*cert), ("key.pem", &*key)];
        let site = serve_with("https", &files, &[]);

        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).expect("a root");
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Secure {
            site,
            config: Arc::new(config),
        }
    }

    /// Sends a request on a connection of its own. Returns the answer.
    #[track_caller]
    fn get(&self) -> String {
        let name = ServerName::try_from("localhost").expect("a name");
        let config = Arc::clone(&self.config);
        let connection = ClientConnection::new(config, name).expect("a connection");
        let stream = TcpStream::connect(&self.site.address).expect("the program listens");
        stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
        let mut stream = StreamOwned::new(connection, stream);
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    #[track_caller]
    fn says_hello(&self) {
        let answer = self.get();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("hello"), "{answer}");
    }
}

#[test]
fn a_listener_with_a_certificate_speaks_tls() {
    let secure = Secure::serve();
    secure.says_hello();

    // Plain text is no TLS.
    let mut plain = Client::of(&secure.site.address);
    plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let rest = plain.rest();
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
}

/// More than a handshake without an end has on a busy machine.
const BOUND: Duration = Duration::from_secs(240);

/// The head of a record of TLS with the first message of a client, of 512 bytes.
const HELLO_RECORD: &[u8] = b"\x16\x03\x01\x02\x00";

#[test]
fn handshakes_that_are_none_or_do_not_end_are_given_up() {
    let secure = Secure::serve();
    secure.says_hello();
    let before = sockets(&secure.site);
    let large = b"\x16\x03\x01\x40\x00\x01\xff\xff\xff";
    let attacks: [(&str, Vec<u8>); 9] = [
        ("nothing", Vec::new()),
        ("no TLS", vec![0xff; 10_000]),
        (
            "HTTP/2 in plain text",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        ),
        ("half of a record", HELLO_RECORD.to_vec()),
        ("an alarm", b"\x15\x03\x01\x00\x02\x01\x00".to_vec()),
        (
            "a change of the cipher",
            b"\x14\x03\x03\x00\x01\x01".repeat(1_000),
        ),
        ("empty records", b"\x16\x03\x01\x00\x00".repeat(1_000)),
        (
            "a record of 64 KiB",
            [&b"\x16\x03\x01\xff\xff"[..], &[b'a'; 65_535]].concat(),
        ),
        (
            "a message of 16 MiB",
            [&large[..], &[b'a'; 16_380]].concat(),
        ),
    ];
    for (name, bytes) in attacks {
        let begun = Instant::now();
        let mut clients: Vec<Client> = (0..30).map(|_| secure.site.client()).collect();
        for client in &mut clients {
            client.try_send(&bytes);
        }
        // They hold up no other handshake.
        secure.says_hello();
        for client in &mut clients {
            let rest = client.rest();
            // Nothing, or an alert.
            assert!(rest.is_empty() || rest[0] == 0x15, "{name}: {rest:?}");
        }
        drop(clients);
        while sockets(&secure.site) > before {
            assert!(begun.elapsed() < BOUND, "{name}");
        }
    }
    let mut slow = secure.site.client();
    slow.send(HELLO_RECORD);
    slow.drip(b"\x01");
    assert_eq!(slow.rest(), b"");
    secure.says_hello();
}

#[test]
fn a_handshake_happens_once() {
    let secure = Secure::serve();
    let mut client = Command::new("openssl")
        .args(["s_client", "-tls1_2", "-connect", &secure.site.address])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl: `cargo xtask test` installs it, or run `apt-get install openssl`");
    let mut said = BufReader::new(client.stdout.take().expect("it is piped"));
    // The last line about the connection.
    let mut line = String::new();
    while !line.contains("Verify return code") {
        line.clear();
        let len = said.read_line(&mut line).expect("a line");
        assert!(len > 0, "openssl has ended");
    }
    // A line of this letter asks for another handshake.
    let mut keys = client.stdin.take().expect("it is piped");
    keys.write_all(b"R\n").expect("openssl reads");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("the rest");
    let output = client.wait_with_output().expect("the end of openssl");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("no renegotiation"), "{rest}{errors}");
    secure.says_hello();
}

#[test]
fn a_certificate_that_cannot_be_used_is_told() {
    for (cert, key, told) in [
        ("", "", "it has no certificate in PEM"),
        ("no PEM", "no PEM", "it has no certificate in PEM"),
    ] {
        let files = [HELLO, MANIFEST, ("cert.pem", cert), ("key.pem", key)];
        let program = Program::of(&files);
        Warren::tool("serve", ".")
            .current_dir(program.path())
            .outcome()
            .ends_with(2)
            .says(&["cert.pem", told]);
    }
}
