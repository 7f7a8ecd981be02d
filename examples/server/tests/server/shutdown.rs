//! The end of the server.

use std::time::Duration;

use hyper::{Method, StatusCode};
use tokio::net::TcpStream;
use warren_server::Config;

use crate::client::{Client, ask, request};
use crate::setup::{APP, Serving, config, run, started};

#[test]
fn a_request_that_runs_is_answered_before_the_end() {
    run(async {
        let server = Serving::example().await;
        let (address, mut changes) = (server.address, server.observe());
        let report = request(Method::GET, "/acme/report?after=200ms", "");
        let report = tokio::spawn(ask(address, report));
        started(&mut changes, "app.acme:http").await;
        let runtime = server.runtime.clone();
        server.stop().await.unwrap().unwrap();
        let report = report.await.unwrap().unwrap();
        assert_eq!(
            (report.status, report.text()),
            (StatusCode::OK, "all is well\n")
        );
        assert!(TcpStream::connect(address).await.is_err());
        assert_eq!(runtime.live(), 0);
    });
}

#[test]
fn chats_are_told_that_the_server_ends() {
    run(async {
        let server = Serving::example().await;
        let ada = Client::enter(server.address, "acme", "ada").await;
        let bob = Client::enter(server.address, "acme", "bob").await;
        let served = server.stop();
        assert_eq!(ada.closed().await, 1001);
        assert_eq!(bob.closed().await, 1001);
        served.await.unwrap().unwrap();
    });
}

#[test]
fn nothing_holds_up_the_end_for_longer_than_the_grace() {
    run(async {
        let server = Serving::start(Config {
            grace: Duration::from_millis(100),
            ..config(APP)
        });
        let server = server.await;
        let mut changes = server.observe();
        let report = request(Method::GET, "/acme/report?after=1h", "");
        let report = tokio::spawn(ask(server.address, report));
        started(&mut changes, "app.acme:http").await;
        let runtime = server.runtime.clone();
        server.stop().await.unwrap().unwrap();
        assert_eq!(runtime.live(), 0);
        // Its process is gone; what its client hears of that is not promised.
        let _ = report.await.unwrap();
    });
}
