//! TLS with certificates of the tests.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use warren_engine::capability::http::reason;
use warren_kernel::Kind;
use warren_values::Value;

use super::server::{Names, Seen, ok, serve};
use super::{World, ip, status, text};
use crate::test::of;

/// A server with a certificate of its own for a name. Returns its certificate in PEM.
async fn start(name: &str, names: &Names) -> String {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let pem = made.cert.pem();
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(made.key_pair.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    names.answers(name, &[&[ip("127.0.0.1")]]);
    names.place(([127, 0, 0, 1], 443).into(), listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // The client may not like the certificate.
                if let Ok(stream) = acceptor.accept(stream).await {
                    let (seen, gone) = (parking_lot::Mutex::default(), Notify::new());
                    let _ = serve(stream, &seen, &gone, |seen: &Seen| ok(seen.target())).await;
                }
            });
        }
    });
    pem
}

fn tls(pairs: &[(&str, &str)]) -> Vec<(&'static str, Value)> {
    let pairs = pairs.iter().map(|(key, value)| (of(key), of(value)));
    vec![("tls", Value::Map(pairs.collect()))]
}

#[tokio::test]
async fn a_request_brings_its_own_roots() {
    let mut world = World::new(&["https://site.org,private", "https://alias.org,private"]);
    let ca = start("site.org", &world.names).await;
    let options = tls(&[("ca", ca.as_str())]);
    let answer = world
        .request("GET", "https://site.org/x", options)
        .await
        .unwrap();
    assert_eq!(
        (status(&answer), text(&answer, "body")),
        (200, "/x".to_owned())
    );
    // The name in the certificate is another one than that of the URL.
    world.names.answers("alias.org", &[&[ip("127.0.0.1")]]);
    let options = tls(&[("ca", ca.as_str())]);
    let error = world
        .request("GET", "https://alias.org/", options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind.clone(), error.retryable),
        (Kind::Unavailable, Some(false)),
        "{error}"
    );
    assert!(
        format!("{:?}", error.details).contains(reason::CERTIFICATE),
        "{error:?}"
    );
    let options = tls(&[("ca", ca.as_str()), ("server_name", "site.org")]);
    let answer = world
        .request("GET", "https://alias.org/", options)
        .await
        .unwrap();
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let mut world = World::new(&["https://site.org,private"]);
    start("site.org", &world.names).await;
    let other = rcgen::generate_simple_self_signed(["site.org".to_owned()]).unwrap();
    let options = tls(&[("ca", other.cert.pem().as_str())]);
    let error = world
        .request("GET", "https://site.org/", options)
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
    let error = world
        .request("GET", "https://site.org/", vec![])
        .await
        .unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable, "{error}");
    assert!(world.http.client.flights.is_empty());
}

#[tokio::test]
async fn texts_that_are_no_certificates_are_refused() {
    let mut world = World::new(&["https://site.org,private"]);
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    for options in [
        tls(&[("ca", "x")]),
        tls(&[(
            "ca",
            "-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n",
        )]),
        tls(&[("cert", "x"), ("key", key.as_str())]),
        tls(&[("cert", "x"), ("key", "x")]),
        tls(&[("server_name", "a b")]),
    ] {
        let error = world
            .request("GET", "https://site.org/", options)
            .await
            .unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{error}");
    }
    assert!(world.names.connected.lock().is_empty());
}
