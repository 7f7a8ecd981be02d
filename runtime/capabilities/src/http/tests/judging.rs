//! Grants, permissions and addresses: a request that is refused reaches nobody.

use std::sync::Arc;

use warren_engine::capability::http::reason;
use warren_kernel::{Details, Error, Field, HostConfig, Kernel, Kind};
use warren_values::Value;

use super::server::{Reply, Server, ok, redirect, with};
use super::{PUBLIC, World, ip, local, public, status, table, text, uses};
use crate::test::Tester;

/// The detail that tells a component why.
fn reason_of(error: &Error) -> Option<&str> {
    let Some(Details::Fields(fields)) = &error.details else {
        return None;
    };
    fields.iter().find_map(|(name, field)| match field {
        Field::Text(text) if *name == reason::NAME => Some(text.as_str()),
        _ => None,
    })
}

#[track_caller]
fn is_private(result: Result<Value, Error>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind, Kind::PermissionDenied, "{error}");
    assert_eq!(reason_of(&error), Some(reason::ADDRESS), "{error}");
}

#[tokio::test]
async fn a_granted_origin_answers() {
    let server = Server::start(|seen| ok(seen.target())).await;
    let mut world = World::new(&["http://site.org/in/"]);
    world.publish("site.org", &server);
    let answer = world.get("http://site.org/in/x?y=1#z").await.unwrap();
    assert_eq!(
        (status(&answer), text(&answer, "body")),
        (200, "/in/x?y=1".to_owned())
    );
    assert_eq!(text(&answer, "url"), "http://site.org/in/x?y=1");
    assert_eq!(server.all()[0].field("host").as_deref(), Some("site.org"));
}

#[tokio::test]
async fn a_request_that_is_not_granted_reaches_nobody() {
    let server = Server::start(|_| ok("")).await;
    let mut world = World::new(&["http://site.org/in/", "https://site.org"]);
    world.publish("site.org", &server);
    for url in [
        "http://site.org/",
        "http://site.org/in/../x",
        "http://site.org:81/in/",
        "http://other.org/in/",
    ] {
        let error = world.get(url).await.unwrap_err();
        assert_eq!(
            (error.kind.clone(), error.retryable),
            (Kind::PermissionDenied, Some(false))
        );
        assert!(error.message.contains("--http http://"), "{error}");
    }
    world.tester.denied = vec!["http.request"];
    let error = world.get("http://site.org/in/").await.unwrap_err();
    assert_eq!(
        error.message,
        "not allowed: http.request on http://site.org"
    );
    assert!(world.names.asked.lock().is_empty());
    assert!(world.names.connected.lock().is_empty());
    assert!(world.http.client.flights.is_empty());
}

/// A policy that forbids a host has one name for it, as a resolver has.
#[tokio::test]
async fn a_host_has_no_second_name_behind_a_policy() {
    let server = Server::start(|_| ok("")).await;
    let mut world = World::new(&["*"]);
    world.publish("site.org", &server);
    world.names.answers("site.org.", &[&[PUBLIC.into()]]);
    world.tester.denied_on = vec!["http://site.org".to_owned()];
    for url in [
        "http://site.org/",
        "http://SITE.org:80/",
        "http://site.org./",
        "http://site%2eorg%2e/",
    ] {
        assert!(world.get(url).await.is_err(), "{url}");
    }
    assert!(world.names.asked.lock().is_empty());
    assert!(server.all().is_empty());
}

#[tokio::test]
async fn a_name_that_changes_to_an_address_of_this_machine_is_not_connected_to() {
    let server =
        Server::start(|_| Reply::Close(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nx".to_vec()))
            .await;
    let mut world = World::new(&["http://site.org", "*"]);
    world
        .names
        .answers("site.org", &[&[PUBLIC.into()], &[ip("127.0.0.1")]]);
    world.names.place(public(), server.address);
    world
        .names
        .place(([127, 0, 0, 1], 80).into(), server.address);
    assert_eq!(status(&world.get("http://site.org/").await.unwrap()), 200);
    is_private(world.get("http://site.org/").await);
    assert_eq!(*world.names.connected.lock(), [public()]);
    assert_eq!(world.names.asked.lock().len(), 2);
}

#[tokio::test]
async fn of_several_addresses_only_the_public_ones_are_tried() {
    let server = Server::start(|_| ok("x")).await;
    let mut world = World::new(&["*"]);
    let addresses = [ip("10.0.0.1"), ip("::1"), PUBLIC.into(), ip("169.254.1.1")];
    world.names.answers("mixed.org", &[&addresses]);
    world.names.place(public(), server.address);
    assert_eq!(status(&world.get("http://mixed.org/").await.unwrap()), 200);
    assert_eq!(*world.names.connected.lock(), [public()]);
}

#[tokio::test]
async fn addresses_of_this_machine_are_private_in_every_form() {
    let mut world = World::new(&["*"]);
    world
        .names
        .answers("localhost", &[&[ip("127.0.0.1"), ip("::1")]]);
    world
        .names
        .answers("metadata.org", &[&[ip("169.254.169.254")]]);
    world
        .names
        .answers("mapped.org", &[&[ip("::ffff:127.0.0.1")]]);
    for url in [
        "http://127.0.0.1/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://2130706433/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://224.0.0.1/",
        "http://localhost/",
        "http://LOCALHOST/",
        "http://metadata.org/",
        "http://mapped.org/",
        "http://①②⑦.⓪.⓪.①/",
    ] {
        is_private(world.get(url).await);
    }
    assert!(world.names.connected.lock().is_empty());
}

#[tokio::test]
async fn user_and_host_of_a_url_cannot_be_mixed_up() {
    let mut world = World::new(&["http://good.org"]);
    for url in [
        "http://good.org@127.0.0.1/",
        "http://good.org:80@127.0.0.1/",
        "http://127.0.0.1#@good.org/",
        "http://127.0.0.1\\@good.org/",
        "http://good.org%2f@127.0.0.1/",
    ] {
        let error = world.get(url).await.unwrap_err();
        assert!(
            matches!(error.kind, Kind::Invalid | Kind::PermissionDenied),
            "{url}: {error}"
        );
    }
    assert!(world.names.connected.lock().is_empty());
    assert!(world.names.asked.lock().is_empty());
}

#[tokio::test]
async fn a_private_address_needs_a_grant_that_names_it() {
    let server = Server::start(|_| ok("x")).await;
    let origin = format!("http://{}", server.address);
    let mut world = World::new(&[format!("{origin},private").as_str()]);
    assert_eq!(
        status(&world.get(&local(server.address, "/")).await.unwrap()),
        200
    );
    world.tester = Tester::new(&Kernel::new(), HostConfig::default());
    world.tester.grants.uses = uses(&[origin.as_str()]);
    is_private(world.get(&local(server.address, "/")).await);
}

#[tokio::test]
async fn a_connection_of_a_private_grant_serves_no_other_grant() {
    let server = Server::start(|_| ok("x")).await;
    let mut world = World::new(&["http://both.org,private"]);
    world.names.answers("both.org", &[&[ip("127.0.0.1")]]);
    world
        .names
        .place(([127, 0, 0, 1], 80).into(), server.address);
    // Until a connection was used again: it is kept then.
    while *server.connections.lock() == server.all().len() {
        assert_eq!(status(&world.get("http://both.org/").await.unwrap()), 200);
    }
    let before = server.all().len();
    world.tester = Tester::new(&Kernel::new(), HostConfig::default());
    world.tester.grants.uses = uses(&["http://both.org"]);
    is_private(world.get("http://both.org/").await);
    assert_eq!(server.all().len(), before);
}

#[tokio::test]
async fn a_redirect_is_judged_as_a_request() {
    let server = Server::start(|seen| match seen.target() {
        "/metadata" => redirect(302, "http://169.254.169.254/latest/"),
        "/mapped" => redirect(307, "http://[::ffff:127.0.0.1]/"),
        "/self" => redirect(301, "/end"),
        "/other" => redirect(302, "http://other.org/"),
        "/secret" => redirect(302, "http://secret.org/"),
        "/file" => redirect(302, "file:///etc/passwd"),
        _ => ok("end"),
    })
    .await;
    let mut world = World::new(&[
        "http://site.org",
        "http://secret.org",
        "http://169.254.169.254",
        "http://[::ffff:127.0.0.1]",
    ]);
    world.publish("site.org", &server);
    world.publish("secret.org", &server);
    let answer = world.get("http://site.org/self").await.unwrap();
    assert_eq!(text(&answer, "url"), "http://site.org/end");
    world.names.connected.lock().clear();
    is_private(world.get("http://site.org/metadata").await);
    is_private(world.get("http://site.org/mapped").await);
    let error = world.get("http://site.org/other").await.unwrap_err();
    assert_eq!(error.kind, Kind::PermissionDenied);
    assert!(
        error
            .message
            .starts_with("not granted: http.request on http://other.org/"),
        "{error}"
    );
    world.tester.denied_on = vec!["http://secret.org".to_owned()];
    let error = world.get("http://site.org/secret").await.unwrap_err();
    assert_eq!(
        error.message,
        "not allowed: http.request on http://secret.org"
    );
    let error = world.get("http://site.org/file").await.unwrap_err();
    assert_eq!(
        (error.kind, error.retryable),
        (Kind::Unavailable, Some(false))
    );
    let connected = world.names.connected.lock().clone();
    assert!(
        connected.iter().all(|address| *address == public()),
        "{connected:?}"
    );
    assert!(world.http.client.flights.is_empty());
}

#[tokio::test]
async fn a_redirect_to_another_origin_loses_credentials() {
    let server = Server::start(|seen| {
        let host = seen.field("host").unwrap();
        match (host.as_str(), seen.target()) {
            ("site.org", "/same") => redirect(302, "/end"),
            ("site.org", "/away") => redirect(302, "http://other.org/back"),
            ("other.org", "/back") => redirect(302, "http://site.org/end"),
            _ => ok(&seen.head),
        }
    })
    .await;
    let mut world = World::new(&["http://site.org", "http://other.org"]);
    world.publish("site.org", &server);
    world.publish("other.org", &server);
    let options = || {
        vec![
            ("auth", table(&[("user", "ada"), ("pass", "x")])),
            ("cookies", table(&[("session", "7")])),
            ("headers", table(&[("X-Own", "kept")])),
        ]
    };
    let same = world
        .request("GET", "http://site.org/same", options())
        .await
        .unwrap();
    let same = text(&same, "body").to_lowercase();
    assert!(
        same.contains("authorization: basic") && same.contains("cookie: session=7"),
        "{same}"
    );
    let away = world
        .request("GET", "http://site.org/away", options())
        .await
        .unwrap();
    let away = text(&away, "body").to_lowercase();
    assert!(
        !away.contains("authorization") && !away.contains("cookie"),
        "{away}"
    );
    assert!(away.contains("x-own: kept"), "{away}");
}

#[tokio::test]
async fn a_redirect_has_the_body_again_where_it_keeps_the_method() {
    let server = Server::start(|seen| match seen.target() {
        "/keep" => redirect(307, "/end"),
        "/get" => redirect(303, "/end"),
        _ => with(
            "x-own: 1\r\n",
            format!("{}|{}", seen.head, String::from_utf8_lossy(&seen.body)),
        ),
    })
    .await;
    let mut world = World::new(&["http://site.org"]);
    world.publish("site.org", &server);
    let json = || vec![("json", table(&[("a", "b")]))];
    let kept = world
        .request("POST", "http://site.org/keep", json())
        .await
        .unwrap();
    let kept = text(&kept, "body");
    assert!(
        kept.starts_with("POST /end ") && kept.ends_with("|{\"a\":\"b\"}"),
        "{kept}"
    );
    let got = world
        .request("POST", "http://site.org/get", json())
        .await
        .unwrap();
    let got = text(&got, "body").to_lowercase();
    assert!(got.starts_with("get /end ") && got.ends_with('|'), "{got}");
    assert!(!got.contains("content-type"), "{got}");
}

#[tokio::test]
async fn redirects_are_followed_as_often_as_the_program_wants() {
    let server = Server::start(|seen| {
        let number: u32 = seen.target()[1..].parse().unwrap();
        redirect(302, &format!("/{}", number + 1))
    })
    .await;
    let mut world = World::new(&["http://site.org"]);
    world.publish("site.org", &server);
    let none = vec![("redirects", 0.into())];
    let answer = world
        .request("GET", "http://site.org/0", none)
        .await
        .unwrap();
    assert_eq!(status(&answer), 302);
    assert_eq!(super::fields(&answer, "Location"), [crate::test::of("/1")]);
    let error = world.get("http://site.org/0").await.unwrap_err();
    assert!(
        error.message.starts_with("more than 10 redirects"),
        "{error}"
    );
    assert_eq!(server.all().len(), 12);
}

#[tokio::test]
async fn names_without_an_address_cannot_be_reached() {
    let mut world = World::new(&["*"]);
    world.names.answers("empty.org", &[&[]]);
    for (url, expected) in [
        ("http://none.org/", reason::DNS),
        ("http://empty.org/", reason::DNS),
        ("http://1.1.1.1/", reason::REFUSED),
    ] {
        let error = world.get(url).await.unwrap_err();
        assert_eq!(
            (error.kind.clone(), error.retryable),
            (Kind::Unavailable, Some(true)),
            "{error}"
        );
        assert_eq!(reason_of(&error), Some(expected), "{error}");
    }
}

#[tokio::test]
async fn each_request_of_a_batch_is_judged() {
    let server = Server::start(|seen| ok(seen.target())).await;
    let mut world = World::new(&["http://site.org"]);
    world.publish("site.org", &server);
    let request = |url: &str| Value::from(vec!["GET", url]);
    let arguments = vec![vec![
        request("http://site.org/1"),
        request("http://other.org/2"),
        request("http://site.org/3"),
    ]];
    let encoded = warren_values::to_value(&Value::from(arguments)).unwrap();
    let http = Arc::clone(&world.http.client);
    let step = warren_engine::capability::Capability::call(
        &world.http,
        &mut world.tester,
        "batch",
        encoded.as_slice(),
    );
    let charge = warren_engine::capability::Charge::new(|_| Ok(()));
    let Ok(Value::Array(answers)) = super::carried_out(step, charge).await else {
        panic!("no list");
    };
    assert_eq!(text(&answers[0], "body"), "/1");
    assert_eq!(text(&answers[2], "body"), "/3");
    let Value::Error(error) = &answers[1] else {
        panic!("{answers:?}");
    };
    assert_eq!(error.kind, "PermissionDenied");
    assert!(http.flights.is_empty());
}
