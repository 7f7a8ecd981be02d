//! A listener with a certificate.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use warren_tests::{Program, TIMEOUT, Warren};

use super::client::Client;
use super::{HELLO, serve_with};

const MANIFEST: (&str, &str) = (
    "warren.toml",
    "[listeners.\"app:web\"]\nbind = \":0\"\ntls = { cert = \"cert.pem\", key = \"key.pem\" }\n\
     [routes.\"app:web\"]\n\"GET /\" = \"app:web\"\n",
);

#[test]
fn a_listener_with_a_certificate_speaks_tls() {
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
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let stream = TcpStream::connect(&site.address).expect("the program listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
    let mut stream = StreamOwned::new(connection, stream);
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");

    // Plain text is no TLS.
    let mut plain = Client::of(&site.address);
    plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let rest = plain.rest();
    assert!(!rest.starts_with(b"HTTP"), "{rest:?}");
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
