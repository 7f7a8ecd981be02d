//! The listeners, routers and routes of a program, as `App::open` sees them.

// A helper that cannot make its files has no test to go on with.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use warren_app::web::FilesPlace;
use warren_app::{App, AppError, AppOptions, Listen, ListenError};

/// Creates a directory with these files.
fn program(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

fn open_at(path: impl AsRef<Path>, listen: &[&str], serves: bool) -> Result<App, AppError> {
    let listen = listen.iter().map(|text| Listen::parse(text).unwrap());
    let options = AppOptions {
        listen: listen.collect(),
        serves,
        ..AppOptions::default()
    };
    App::open(path, options)
}

#[test]
fn a_manifest_serves_routes_and_files() {
    let manifest = r#"
        [listeners."app:web"]
        bind = "127.0.0.1:0"
        tls = { cert = "tls/cert.pem", key = "/etc/key.pem" }
        [routers."app:api"]
        listener = "app:web"
        prefix = "/api"
        [routes."app:api"]
        "GET /users/{id}" = "app.api:user"
        [routes."app:web"]
        "GET /" = "app:home"
        [static."app:site"]
        listener = "app:web"
        directory = "public"
        [static."app:pictures"]
        router = "app:api"
        path = "/pictures"
        volume = "pictures"
        [volumes."app:pictures"]
        path = "data"
    "#;
    let dir = program(&[
        ("warren.toml", manifest),
        ("api/user.lua", ""),
        ("home.lua", ""),
        ("public/index.html", ""),
        ("data/one.png", ""),
    ]);
    let app = open_at(dir.path(), &[], false).unwrap();
    assert!(!app.has_main());
    let web = app.web();
    let root = dir.path().canonicalize().unwrap();
    let tls = web.listeners[0].tls.as_ref().unwrap();
    assert_eq!(tls.cert, root.join("tls/cert.pem"));
    assert_eq!(tls.key, Path::new("/etc/key.pem"));
    assert_eq!(&*web.routers[0].listener, "app:web");
    let mut routes: Vec<_> = web
        .routes
        .iter()
        .map(|route| format!("{} {} {}", route.parent, route.place(), route.definition))
        .collect();
    routes.sort();
    assert_eq!(
        routes,
        [
            "app:api GET /users/{id} app.api:user",
            "app:web GET / app:home"
        ]
    );
    let mut files: Vec<_> = web.files.iter().map(|files| files.place.clone()).collect();
    files.sort_by_key(|place| matches!(place, FilesPlace::Volume(_)));
    let directory = FilesPlace::Directory(root.join("public"));
    assert_eq!(
        files,
        [directory, FilesPlace::Volume("app:pictures".into())]
    );
}

#[test]
fn what_is_served_must_exist() {
    let manifest = r#"
        [listeners."app:one"]
        bind = ":80"
        tls = { cert = "cert.pem" }
        [listeners."app:two"]
        bind = "0.0.0.0:80"
        [routers."app:api"]
        listener = "app:oen"
        middleware = ["token_auth"]
        options = { "token_auth.store" = "app:none" }
        [routes."app:nowhere"]
        "GET /" = "app:main"
        [routes."app:one"]
        "GET /none" = "app:none"
        "GET /{a}" = "app:main"
        "GET /{b}" = "app:main"
        [static."app:s"]
        listener = "app:one"
        directory = "../other"
        [static."app:t"]
        directory = "public"
        [static."app:u"]
        listener = "app:one"
        volume = "app:nowhere"
        [static."app:v"]
        listener = "app:one"
        directory = "public"
        volume = "app:broken"
        [static."app:w"]
        listener = "app:one"
        [static."app:x"]
        listener = "app:one"
        volume = "broken"
        [volumes."app:broken"]
        path = "public/x"
    "#;
    let dir = program(&[
        ("warren.toml", manifest),
        ("main.lua", ""),
        ("public/x", ""),
    ]);
    let Err(AppError::Manifest(error)) = open_at(dir.path(), &[], false) else {
        panic!("the manifest is broken");
    };
    let messages: Vec<_> = error.problems.iter().map(|one| &*one.message).collect();
    let expected = [
        "`tls` of `app:one` has no `key`",
        "two listeners have the address 0.0.0.0:80",
        "unknown listener `app:oen`",
        "unknown token store `app:none`",
        "unknown router or listener `app:nowhere`",
        "there is no definition `app:none`",
        "`GET /{b}` and `GET /{a}` are one route",
        "there is no directory `../other`",
        "`app:t` is not served once",
        "unknown volume `app:nowhere`",
        "`app:v` has a directory and a volume",
        "`app:w` has no files",
        // The volume, and not the files that name it.
        "cannot grant writing `public/x`",
    ];
    for message in expected {
        assert!(
            messages.contains(&message),
            "{message} is not in {messages:#?}"
        );
    }
    assert_eq!(messages.len(), expected.len());
}

#[test]
fn an_address_given_at_the_start_serves_the_definition_web() {
    let dir = program(&[("web.lua", "")]);
    let app = open_at(dir.path(), &["127.0.0.1:0"], true).unwrap();
    assert!(!app.has_main());
    let web = app.web();
    assert_eq!(&*web.listeners[0].id, "app:web");
    let route = &web.routes[0];
    assert_eq!(
        (&*route.place(), &*route.definition),
        ("* /{path...}", "app:web")
    );

    let with_main = program(&[("web.lua", ""), ("main.lua", "")]);
    let app = open_at(with_main.path(), &["127.0.0.1:0"], true).unwrap();
    assert!(app.has_main());

    let without = program(&[("main.lua", "")]);
    let error = open_at(without.path(), &["127.0.0.1:0"], false).unwrap_err();
    assert!(matches!(error, AppError::NoHandler { .. }), "{error}");
    assert!(error.to_string().contains("web.lua"), "{error}");
}

#[test]
fn a_file_that_is_served_answers_and_is_not_started() {
    let dir = program(&[("hello.lua", ""), ("web.lua", "")]);
    let file = dir.path().join("hello.lua");
    let app = open_at(&file, &["127.0.0.1:0"], true).unwrap();
    assert!(!app.has_main());
    assert_eq!(&*app.web().routes[0].definition, "app:hello");
    let app = open_at(&file, &["127.0.0.1:0"], false).unwrap();
    assert!(app.has_main());
    assert_eq!(&*app.web().routes[0].definition, "app:web");
}

#[test]
fn one_of_several_listeners_is_named() {
    let manifest = "[listeners.\"app:a\"]\nbind = \":1\"\n[listeners.\"app:b\"]\nbind = \":2\"\n\
                    [routes.\"app:a\"]\n\"GET /\" = \"app:main\"\n\
                    [routes.\"app:b\"]\n\"GET /\" = \"app:main\"\n";
    let dir = program(&[("warren.toml", manifest), ("main.lua", "")]);
    let error = open_at(dir.path(), &["127.0.0.1:9"], false).unwrap_err();
    let ambiguous = ListenError::Ambiguous {
        listeners: vec!["app:a".into(), "app:b".into()],
    };
    match error {
        AppError::Listen(error) => assert_eq!(error, ambiguous),
        other => panic!("{other}"),
    }
    let app = open_at(dir.path(), &["app:b=127.0.0.1:9"], false).unwrap();
    let binds: Vec<_> = app
        .web()
        .listeners
        .iter()
        .map(|one| one.bind.port())
        .collect();
    assert_eq!(binds, [1, 9]);
}

#[test]
fn a_program_that_is_to_serve_has_an_address_by_itself() {
    let dir = program(&[("web.lua", "")]);
    let app = open_at(dir.path(), &[], true).unwrap();
    assert_eq!(app.web().listeners[0].bind, Listen::LOCAL.address);
    let manifest = "[listeners.\"app:own\"]\nbind = \"127.0.0.1:9\"\n\
                    [routes.\"app:own\"]\n\"GET /\" = \"app:web\"\n";
    let dir = program(&[("web.lua", ""), ("warren.toml", manifest)]);
    let app = open_at(dir.path(), &[], true).unwrap();
    let listeners = &app.web().listeners;
    assert_eq!((listeners.len(), listeners[0].bind.port()), (1, 9));
}
