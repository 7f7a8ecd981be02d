//! The server as the operator's tools see it.

use std::collections::HashMap;

use hyper::StatusCode;
use warren_server::ServeError;

use crate::client::{Client, get};
use crate::setup::{Serving, app, config, run};

#[test]
fn the_metrics_are_openmetrics_and_tell_of_each_tenant() {
    run(async {
        let server = Serving::example().await;
        let _ada = Client::enter(server.address, "acme", "ada").await;
        let answer = get(server.address, "/metrics").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers["content-type"], warren::METRICS_CONTENT_TYPE);
        let samples = samples(answer.text());
        // The room, the session and its socket; and a room.
        let processes = |host: &str| samples[&format!("warren_host_processes{{host=\"{host}\"}}")];
        assert_eq!(processes("tenants:acme"), 3.0);
        assert_eq!(processes("tenants:globex"), 1.0);
    });
}

/// Returns the samples of a text of OpenMetrics; panics on any other text.
fn samples(text: &str) -> HashMap<String, f64> {
    let body = text.strip_suffix("# EOF\n").expect("it ends with # EOF");
    let (mut types, mut samples) = (HashMap::new(), HashMap::new());
    for line in body.lines() {
        if let Some(metadata) = line.strip_prefix("# ") {
            let [word, name, rest] = metadata.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("{line}");
            };
            assert!(["HELP", "TYPE", "UNIT"].contains(&word), "{line}");
            if word == "TYPE" {
                assert!(types.insert(name, rest).is_none(), "{name} comes twice");
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect(line);
        let name = series.split('{').next().unwrap();
        let known = match name.strip_suffix("_total") {
            Some(family) => types.get(family) == Some(&"counter"),
            None => types.get(name) == Some(&"gauge"),
        };
        assert!(known, "{line} is of no family");
        let value = value.parse().expect(line);
        assert!(samples.insert(series.to_owned(), value).is_none(), "{line}");
    }
    samples
}

#[test]
fn it_is_healthy_as_long_as_each_tenant_has_its_room() {
    let app = with_room("restart = { policy = \"never\" }");
    run(async {
        let server = Serving::start(config(app.path())).await;
        let health = get(server.address, "/healthz").await;
        assert_eq!((health.status, health.text()), (StatusCode::OK, "ok\n"));
        let room = server.runtime.find("one:room").unwrap();
        room.terminate().unwrap();
        room.wait().await;
        let health = get(server.address, "/healthz").await;
        assert_eq!(health.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(health.text(), "the room of one is closed\n");
        assert_eq!(get(server.address, "/one").await.status, StatusCode::OK);
    });
}

#[test]
fn it_ends_when_a_critical_service_has_failed_for_good() {
    let app = with_room("critical = true\nrestart = { policy = \"never\" }");
    run(async {
        let server = Serving::start(config(app.path())).await;
        let room = server.runtime.find("one:room").unwrap();
        room.terminate().unwrap();
        let error = server.ended().await.unwrap_err();
        assert!(matches!(error, ServeError::Service(_)), "{error}");
        assert!(error.to_string().contains("one:room"), "{error}");
    });
}

/// Returns a program with a tenant `one`, whose room is a service with these
/// settings.
fn with_room(service: &str) -> tempfile::TempDir {
    let manifest = format!(
        "[hosts.\"tenants:one\"]\n
        [services.\"one:room\"]\nprocess = \"app.one:room\"\nhost = \"tenants:one\"\n{service}\n"
    );
    app(&[
        ("warren.toml", &manifest),
        ("main.lua", "return function() end"),
        ("one/http.lua", "return function() return {} end"),
        ("one/chat.lua", "return function() end"),
        (
            "one/room.lua",
            "return function() process.inbox():receive() end",
        ),
    ])
}
