//! Faults that keep a server from being opened.

use tokio::net::TcpListener;
use warren_server::{OpenError, Server};

use crate::setup::{APP, app, config, run};

const MAIN: (&str, &str) = ("main.lua", NOTHING);
const NOTHING: &str = "return function() end";

async fn error(files: &[(&str, &str)]) -> OpenError {
    let app = app(files);
    match Server::open(config(app.path())).await {
        Ok(_) => panic!("it was opened"),
        Err(error) => error,
    }
}

#[test]
fn a_program_without_tenants_is_none_to_serve() {
    run(async {
        let error = error(&[MAIN]).await;
        assert!(matches!(error, OpenError::NoTenants), "{error}");
    });
}

#[test]
fn a_tenant_cannot_have_the_name_of_a_page() {
    run(async {
        let manifest = ("warren.toml", "[hosts.\"tenants:metrics\"]\n");
        let error = error(&[MAIN, manifest]).await;
        assert!(
            matches!(&error, OpenError::Reserved(name) if name == "metrics"),
            "{error}"
        );
    });
}

#[test]
fn code_that_is_missing_or_does_not_compile_is_found_before_the_first_request() {
    run(async {
        let manifest = ("warren.toml", "[hosts.\"tenants:one\"]\n");
        let missing = error(&[MAIN, manifest, ("one/http.lua", NOTHING)]).await;
        assert!(missing.to_string().starts_with("tenant one: "), "{missing}");
        assert!(missing.to_string().contains("app.one:chat"), "{missing}");
        let source = "return function()\n  return {\nend\n";
        let broken = error(&[MAIN, manifest, ("one/http.lua", source)]).await;
        assert!(broken.to_string().contains("one/http.lua:3:"), "{broken}");
    });
}

#[test]
fn a_room_that_cannot_be_opened_is_named() {
    run(async {
        let manifest = "[hosts.\"tenants:one\"]\nmax_processes = 1\n
            [services.\"one:room\"]\nprocess = \"app.one:room\"\nhost = \"tenants:one\"\n
            [services.\"one:second\"]\nprocess = \"app.one:room\"\nhost = \"tenants:one\"\n";
        let files = [
            MAIN,
            ("warren.toml", manifest),
            ("one/http.lua", NOTHING),
            ("one/chat.lua", NOTHING),
            (
                "one/room.lua",
                "return function() process.inbox():receive() end",
            ),
        ];
        let error = error(&files).await;
        assert!(matches!(error, OpenError::Service(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("max_processes = 1"), "{text}");
    });
}

#[test]
fn an_address_that_is_taken_is_named() {
    run(async {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = config(APP);
        config.listen = taken.local_addr().unwrap();
        let error = match Server::open(config.clone()).await {
            Ok(_) => panic!("it was opened"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(&config.listen.to_string()), "{error}");
    });
}
