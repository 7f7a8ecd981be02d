//! Programs on disk, as `App::open` and the runtime see them.

// A helper that cannot make its files has no test to go on with.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;
use warren_app::{App, AppError, AppOptions, DEFAULT_HOST, EnvGrant};
use warren_engine::{Code, Definitions, Files};
use warren_kernel::Kind;

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

fn open(path: impl AsRef<Path>) -> Result<App, AppError> {
    App::open(path, AppOptions::default())
}

/// Returns the problems of a manifest, one per line, without its directory.
#[track_caller]
fn problems(dir: &TempDir) -> String {
    match open(dir.path()) {
        Err(AppError::Manifest(error)) => error
            .to_string()
            .replace(&format!("{}/", dir.path().display()), ""),
        other => panic!("expected a broken manifest: {other:?}"),
    }
}

fn code(app: &App, id: &str) -> (&'static str, String) {
    match &app.definition(id).unwrap().code {
        Code::Lua(source) => ("lua", source.name.to_string()),
        Code::Wasm(source) => ("wasm", source.name.to_string()),
        Code::Native(_) => panic!("no file is a host function"),
    }
}

#[test]
fn a_missing_definition_comes_with_a_suggestion() {
    let dir = program(&[
        ("main.lua", ""),
        ("workers/handler.lua", ""),
        ("workers/parser.js", ""),
        ("workers/typed.ts", ""),
        ("workers/notes.md", ""),
    ]);
    let app = open(dir.path()).unwrap();
    let missing = |id: &str| app.definition(id).unwrap_err().message;
    let none_of = |name: &str| {
        let files = ["lua", "wasm", "wat"].map(|extension| format!("workers/{name}.{extension}"));
        format!(
            "definition not found: app.workers:{name}: found none of {}",
            files.join(", ")
        )
    };
    for (name, hint) in [
        ("hander", "; did you mean app.workers:handler?"),
        ("parser", "; parser.js must be compiled first"),
        ("typed", "; typed.ts must be compiled first"),
        ("notes", ""),
        ("store", ""),
    ] {
        let message = missing(&format!("app.workers:{name}"));
        assert_eq!(message, none_of(name) + hint);
    }
    assert!(missing("app:mian").ends_with("; did you mean app:main?"));
    assert!(missing("app.nowhere:main").ends_with("nowhere/main.wat"));
}

#[test]
fn files_are_definitions_by_their_place() {
    let dir = program(&[
        ("main.lua", "print(1)"),
        ("workers/handler.lua", ""),
        ("workers/deep/x.lua", ""),
        ("tools/x.wasm", ""),
        ("tools/y.wat", "(module)"),
    ]);
    let app = open(dir.path()).unwrap();
    assert_eq!(app.name(), "app");
    assert_eq!(&**app.main(), "app:main");
    assert_eq!(app.root(), dir.path().canonicalize().unwrap());
    assert_eq!(code(&app, "app:main"), ("lua", "main.lua".into()));
    assert_eq!(
        code(&app, "app.workers:handler"),
        ("lua", "workers/handler.lua".into())
    );
    assert_eq!(
        code(&app, "app.workers.deep:x"),
        ("lua", "workers/deep/x.lua".into())
    );
    assert_eq!(code(&app, "app.tools:x"), ("wasm", "tools/x.wasm".into()));
    assert_eq!(code(&app, "app.tools:y"), ("wasm", "tools/y.wat".into()));
    let main = app.definition("app:main").unwrap();
    assert_eq!((&*main.method, main.host.as_deref()), ("main", None));
    assert!(main.grants.is_empty());
    assert_eq!(
        app.hosts().keys().map(|id| &**id).collect::<Vec<_>>(),
        [DEFAULT_HOST]
    );
}

#[test]
fn a_file_alone_is_a_program_whose_root_is_its_directory() {
    let dir = program(&[
        ("hello.lua", "x"),
        ("my prog.v2.lua", "y"),
        ("lib/util.lua", "z"),
    ]);
    let app = open(dir.path().join("hello.lua")).unwrap();
    assert_eq!(&**app.main(), "app:hello");
    assert_eq!(app.root(), dir.path().canonicalize().unwrap());
    assert_eq!(&*app.module("lib.util").unwrap().unwrap().bytes, b"z");

    let app = open(dir.path().join("my prog.v2.lua")).unwrap();
    assert_eq!(&**app.main(), "app:my_prog_v2");
    assert_eq!(
        code(&app, "app:my_prog_v2"),
        ("lua", "my prog.v2.lua".into())
    );
}

#[test]
fn the_file_given_is_started_even_beside_another_of_its_name() {
    let dir = program(&[("x.lua", "lua"), ("x.wasm", "")]);
    let app = open(dir.path().join("x.wasm")).unwrap();
    assert_eq!(code(&app, "app:x"), ("wasm", "x.wasm".into()));
    let app = open(dir.path().join("x.lua")).unwrap();
    assert_eq!(code(&app, "app:x"), ("lua", "x.lua".into()));
}

#[test]
fn missing_definitions_are_not_found() {
    let dir = program(&[("main.lua", "")]);
    let app = open(dir.path()).unwrap();
    for id in [
        "app:other",
        "app.main:x",
        "shop:main",
        "main",
        "",
        "app:../main",
        "app:/etc/passwd",
        "app:ma\0in",
        "{app:processes|0x1}",
    ] {
        assert_eq!(
            app.definition(id).unwrap_err().kind,
            Kind::NotFound,
            "{id:?}"
        );
    }
    let message = app.definition("app.workers:x").unwrap_err().message;
    assert!(message.contains("workers/x.lua"), "{message}");
    assert!(app.module("no.such").unwrap().is_none());
    assert!(app.module("../main").unwrap().is_none());
}

#[test]
fn two_files_of_one_name_are_refused() {
    let dir = program(&[("main.lua", ""), ("x.lua", ""), ("x.wasm", "")]);
    let app = open(dir.path()).unwrap();
    let error = app.definition("app:x").unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("x.lua, x.wasm"), "{}", error.message);

    let dir = program(&[("main.lua", ""), ("main.wat", "")]);
    let error = open(dir.path()).unwrap_err();
    assert!(
        matches!(&error, AppError::Ambiguous { files, .. } if files.len() == 2),
        "{error}"
    );
    assert!(error.remedy().unwrap().contains("[processes.\"app:main\"]"));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_root_are_refused() {
    use std::os::unix::fs::symlink;
    let outside = program(&[("secret.lua", "secret"), ("warren.toml", "")]);
    let dir = program(&[("main.lua", "")]);
    symlink(outside.path().join("secret.lua"), dir.path().join("x.lua")).unwrap();
    symlink(outside.path(), dir.path().join("away")).unwrap();
    let app = open(dir.path()).unwrap();
    for id in ["app:x", "app.away:secret"] {
        let error = app.definition(id).unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable, "{id}");
        assert!(error.message.contains("leads out"), "{}", error.message);
    }
    assert_eq!(app.module("x").unwrap_err().kind, Kind::Unavailable);
    assert_eq!(
        app.module("away.secret").unwrap_err().kind,
        Kind::Unavailable
    );

    symlink(
        outside.path().join("warren.toml"),
        dir.path().join("warren.toml"),
    )
    .unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, AppError::Source { .. }), "{error}");
}

#[test]
fn each_file_is_read_once() {
    let dir = program(&[("main.lua", "one"), ("lib.lua", "one")]);
    let app = open(dir.path()).unwrap();
    let first = app.definition("app:main").unwrap();
    let module = app.module("lib").unwrap().unwrap();
    fs::write(dir.path().join("main.lua"), "two").unwrap();
    fs::remove_file(dir.path().join("lib.lua")).unwrap();
    assert!(Arc::ptr_eq(&first, &app.definition("app:main").unwrap()));
    assert!(Arc::ptr_eq(
        &module.bytes,
        &app.module("lib").unwrap().unwrap().bytes
    ));
}

#[test]
fn a_missing_definition_is_found_once_it_exists() {
    let dir = program(&[("main.lua", "")]);
    let app = open(dir.path()).unwrap();
    assert!(app.definition("app:late").is_err());
    fs::write(dir.path().join("late.lua"), "").unwrap();
    assert!(app.definition("app:late").is_ok());
}

#[test]
fn a_manifest_names_app_hosts_and_processes() {
    let dir = program(&[
        (
            "warren.toml",
            r#"
            [app]
            name = "shop"
            main = "shop:start"
            [hosts."shop:workers"]
            max_processes = 7
            [hosts."app:processes"]
            max_memory = "64MiB"
            [processes."shop:start"]
            source = "src/begin.lua"
            method = "go"
            [processes."shop.orders:handler"]
            host = "shop:workers"
            "#,
        ),
        ("src/begin.lua", ""),
        ("orders/handler.lua", ""),
        ("plain.lua", ""),
    ]);
    let app = open(dir.path()).unwrap();
    assert_eq!((app.name(), &**app.main()), ("shop", "shop:start"));
    assert_eq!(app.hosts().len(), 2);
    assert_eq!(app.hosts()["shop:workers"].max_processes, Some(7));
    assert_eq!(app.hosts()[DEFAULT_HOST].max_memory, Some(64 << 20));
    assert_eq!(&**app.main_host(), DEFAULT_HOST);
    let start = app.definition("shop:start").unwrap();
    assert_eq!((&*start.method, start.host.as_deref()), ("go", None));
    let handler = app.definition("shop.orders:handler").unwrap();
    assert_eq!(
        (&*handler.method, handler.host.as_deref()),
        ("main", Some("shop:workers"))
    );
    assert_eq!(code(&app, "shop:plain"), ("lua", "plain.lua".into()));
    assert_eq!(
        app.definition("app:plain").unwrap_err().kind,
        Kind::NotFound
    );
}

#[test]
fn a_start_bound_to_a_host_is_started_there() {
    let manifest = "[hosts.\"app:one\"]\n[processes.\"app:main\"]\nhost = \"app:one\"\n";
    let dir = program(&[("main.lua", ""), ("warren.toml", manifest)]);
    assert_eq!(&**open(dir.path()).unwrap().main_host(), "app:one");
}

#[test]
fn a_file_beside_a_manifest_runs_as_its_definition() {
    let dir = program(&[
        (
            "warren.toml",
            "[app]\nname = \"shop\"\n[processes.\"shop:job\"]\nsource = \"tool.lua\"\nhost = \"app:processes\"\n\
             [processes.\"shop:x\"]\nsource = \"y.lua\"\n",
        ),
        ("tool.lua", ""),
        ("other.lua", ""),
        ("x.lua", ""),
        ("y.lua", ""),
    ]);
    let main = |file: &str| open(dir.path().join(file)).map(|app| app.main().to_string());
    assert_eq!(main("tool.lua").unwrap(), "shop:job");
    assert_eq!(main("other.lua").unwrap(), "shop:other");
    let error = main("x.lua").unwrap_err();
    assert!(matches!(error, AppError::Shadowed { .. }), "{error}");
}

#[test]
fn grants_hold_for_their_definitions() {
    let dir = program(&[
        ("main.lua", ""),
        ("orders.lua", ""),
        (
            "warren.toml",
            "[grants.\"app:orders\"]\nread = [\"data\"]\nwrite = [\"out.txt\"]\nenv = [\"CARGO_PKG_NAME\", \"A\"]\n",
        ),
        ("data/x", ""),
        ("common/x", ""),
    ]);
    let common = dir.path().join("common");
    let options = AppOptions {
        read: vec![common.clone()],
        env: vec![EnvGrant {
            name: "A".into(),
            value: Some("1".into()),
        }],
        ..AppOptions::default()
    };
    let app = App::open(dir.path(), options).unwrap();
    let main = &app.definition("app:main").unwrap().grants;
    assert_eq!(main.paths.len(), 1);
    assert_eq!(main.paths[0].guest, common.to_str().unwrap());
    assert_eq!(main.env, [("A".to_owned(), "1".to_owned())]);

    let orders = &app.definition("app:orders").unwrap().grants;
    let seen: Vec<_> = orders
        .paths
        .iter()
        .map(|grant| (grant.guest.as_str(), grant.path.clone(), grant.write))
        .collect();
    let root = app.root();
    assert_eq!(
        seen,
        [
            (
                common.to_str().unwrap(),
                common.canonicalize().unwrap(),
                false
            ),
            ("data", root.join("data"), false),
            ("out.txt", root.join("out.txt"), true),
        ]
    );
    assert_eq!(orders.env[0], ("A".to_owned(), "1".to_owned()));
    assert_eq!(orders.env[1].1, "warren-app");
}

#[test]
fn databases_have_their_settings_and_are_granted() {
    let manifest = "[databases.\"app:shop\"]\nfile = \"shop.db\"\nmigrations = \"steps\"\n\
        [databases.\"app.web:log\"]\nurl = \"LOG_URL\"\nmax_connections = 2\n\
        [grants.\"app:main\"]\nsql = { shop = \"read\" }\n\
        [grants.\"app:other\"]\nsql = [\"shop\", \"app.web:log\"]\n";
    let dir = program(&[
        ("main.lua", ""),
        ("other.lua", ""),
        ("warren.toml", manifest),
        ("steps/010_more.sql", "INSERT INTO t VALUES (1)"),
        ("steps/2_first.sql", "CREATE TABLE t (v)"),
        ("steps/README.md", "not a migration"),
    ]);
    let options = || AppOptions {
        env: vec![EnvGrant {
            name: "LOG_URL".into(),
            value: Some("postgres://log:secret@db/log".into()),
        }],
        ..AppOptions::default()
    };
    let app = App::open(dir.path(), options()).unwrap();
    let database = |id: &str| {
        let databases = app.databases().iter();
        databases
            .clone()
            .find(|database| &*database.id == id)
            .unwrap()
    };
    let shop = database("app:shop");
    let migrations = shop.migrations.iter().map(|one| (one.version, &*one.name));
    let migrations: Vec<_> = migrations.collect();
    assert_eq!(migrations, [(2, "2_first.sql"), (10, "010_more.sql")]);
    assert_eq!(&*shop.migrations[0].text, "CREATE TABLE t (v)");
    assert_eq!(database("app.web:log").max_connections, 2);
    let shown = format!("{:?}", app.databases());
    assert!(!shown.contains("secret"), "{shown}");
    let right = |definition: &str, id: &str| {
        let grants = &app.definition(definition).unwrap().grants;
        grants.uses.right("sql", id).map(str::to_owned)
    };
    assert_eq!(right("app:main", "app:shop").as_deref(), Some("read"));
    assert_eq!(right("app:main", "app.web:log"), None);
    assert_eq!(right("app:other", "app:shop").as_deref(), Some(""));
    assert_eq!(right("app:other", "app.web:log").as_deref(), Some(""));

    fs::write(dir.path().join("steps/02_second.sql"), "").unwrap();
    let error = App::open(dir.path(), options()).unwrap_err().to_string();
    assert!(error.contains("have one number"), "{error}");
}

#[test]
fn stores_of_tokens_have_their_settings_and_are_granted() {
    let manifest = "[tokens.\"app:tokens\"]\ntoken_length = 16\nexpiration = \"90s\"\nkey = \"KEY\"\n\
        [tokens.\"app.web:others\"]\nkey = \"CARGO_PKG_NAME\"\n\
        [tokens.\"app:plain\"]\n\
        [grants.\"app:main\"]\ntokens = [\"tokens\", \"app.web:others\"]\n";
    let dir = program(&[
        ("main.lua", ""),
        ("other.lua", ""),
        ("warren.toml", manifest),
    ]);
    let options = AppOptions {
        env: vec![EnvGrant {
            name: "KEY".into(),
            value: Some("secret".into()),
        }],
        ..AppOptions::default()
    };
    let app = App::open(dir.path(), options).unwrap();
    let store = |id: &str| {
        let stores = app.token_stores().iter();
        stores.clone().find(|store| &*store.id == id).unwrap()
    };
    let tokens = store("app:tokens");
    assert_eq!((tokens.token_length, tokens.expiration.as_secs()), (16, 90));
    assert_eq!(tokens.key.as_deref(), Some(&b"secret"[..]));
    let shown = format!("{:?}", app.token_stores());
    assert!(!shown.contains("secret"), "{shown}");
    let others = store("app.web:others");
    assert_eq!(others.key.as_deref(), Some(&b"warren-app"[..]));
    assert_eq!(
        (others.token_length, others.expiration.as_secs()),
        (32, 86_400)
    );
    assert_eq!(store("app:plain").key, None);
    let granted = |id: &str| app.definition(id).unwrap().grants.tokens.clone();
    assert_eq!(granted("app:main"), ["app:tokens", "app.web:others"]);
    assert!(granted("app:other").is_empty());
}

#[test]
fn a_manifest_grants_a_variable_by_its_name_alone() {
    let manifest = "[grants.\"app:main\"]\nenv = [\"A=B\"]\n";
    let dir = program(&[("main.lua", ""), ("warren.toml", manifest)]);
    assert_eq!(
        problems(&dir),
        "warren.toml:2:8: cannot grant the environment variable `A=B` (not a name of an \
         environment variable); write the variable's name alone; `--env NAME=VALUE` gives a value"
    );
}

#[test]
fn a_store_of_tokens_needs_its_key_and_a_grant_its_store() {
    let manifest = "[tokens.\"app:tokens\"]\nkey = \"WARREN_TEST_UNSET_VARIABLE\"\n\
        [tokens.\"app:odd\"]\nkey = \"A=B\"\n\
        [grants.\"app:main\"]\ntokens = [\"tokenz\", \"zzz:zzz\"]\n";
    let dir = program(&[("main.lua", ""), ("warren.toml", manifest)]);
    let label = "expected the name of an environment variable that holds the key";
    let remedy =
        "set the variable for the command, or leave `key` out for tokens that are not signed";
    assert_eq!(
        problems(&dir),
        format!(
            "warren.toml:2:7: the variable `WARREN_TEST_UNSET_VARIABLE` is not set ({label}); {remedy}\n\
             warren.toml:4:7: `A=B` is not a valid variable name ({label}); {remedy}\n\
             warren.toml:6:11: unknown token store `app:tokenz` (no such store); did you mean \
             `app:tokens`?\n\
             warren.toml:6:21: unknown token store `zzz:zzz` (no such store); add a table \
             [tokens.\"zzz:zzz\"]"
        )
    );
}

#[test]
fn names_in_a_manifest_must_exist() {
    let dir = program(&[
        ("main.lua", ""),
        ("notes.txt", ""),
        (
            "warren.toml",
            r#"[app]
main = "app:mian"
[hosts."app:workers"]
[processes."app:main"]
host = "app:wrokers"
[processes."app:a"]
source = "a.lua"
[processes."app:b"]
source = "notes.txt"
[processes."app:c"]
source = "../c.lua"
[processes."app:d"]
[grants."app:e"]
read = []
[grants."app:main"]
read = ["none"]
write = ["none/x", ".."]
env = ["A=B"]
"#,
        ),
    ]);
    let text = problems(&dir);
    let lines: Vec<&str> = text.lines().collect();
    let expected = [
        ("warren.toml:2:8:", "there is no definition `app:mian`"),
        ("warren.toml:5:8:", "did you mean `app:workers`?"),
        ("warren.toml:7:10:", "there is no file `a.lua`"),
        (
            "warren.toml:9:10:",
            "does not tell the language of its code",
        ),
        (
            "warren.toml:11:10:",
            "is not a path below the program's directory",
        ),
        ("warren.toml:12:12:", "expected one of d.lua, d.wasm, d.wat"),
        ("warren.toml:13:9:", "there is no definition `app:e`"),
        ("warren.toml:16:9:", "cannot grant reading `none`"),
        ("warren.toml:17:10:", "to create it in"),
        (
            "warren.toml:17:20:",
            "it leads out of the program's directory",
        ),
        ("warren.toml:18:8:", "not a name of an environment variable"),
    ];
    assert_eq!(lines.len(), expected.len(), "{text}");
    for (line, (place, message)) in lines.iter().zip(expected) {
        assert!(
            line.starts_with(place) && line.contains(message),
            "{line}\nwanted {place} {message}"
        );
    }
}

#[test]
fn a_broken_manifest_has_its_place() {
    let dir = program(&[("main.lua", ""), ("warren.toml", "[app]\nname = shop\n")]);
    assert!(
        problems(&dir).starts_with("warren.toml:2:8: "),
        "{}",
        problems(&dir)
    );
    let dir = program(&[("main.lua", "")]);
    fs::write(dir.path().join("warren.toml"), b"[app]\n# \xff\n").unwrap();
    assert!(problems(&dir).starts_with("warren.toml:2:3: the manifest is not UTF-8"));
}

#[test]
fn a_directory_without_a_start_names_the_files_it_looked_for() {
    let dir = program(&[("server.lua", "")]);
    let error = open(dir.path()).unwrap_err();
    assert!(
        error.to_string().contains("main.lua, main.wasm, main.wat"),
        "{error}"
    );
    assert!(
        error.remedy().unwrap().contains("server.lua"),
        "{:?}",
        error.remedy()
    );
    let empty = program(&[]);
    assert!(
        open(empty.path())
            .unwrap_err()
            .remedy()
            .unwrap()
            .contains("add a main.lua")
    );
}

#[test]
fn a_start_that_cannot_be_read_is_refused_at_once() {
    let dir = program(&[("a.lua", "")]);
    fs::create_dir(dir.path().join("main.lua")).unwrap();
    assert!(matches!(open(dir.path()), Err(AppError::NoMain { .. })));
    assert!(matches!(
        open(dir.path().join("main.lua")),
        Err(AppError::NoMain { .. })
    ));
}

#[test]
fn imports_are_code_of_other_definitions() {
    let dir = program(&[
        ("main.lua", ""),
        ("util.lua", "of the program"),
        ("lib/util.lua", "of lib"),
        (
            "warren.toml",
            "[imports.\"app:main\"]\nutil = \"app.lib:util\"\n",
        ),
    ]);
    let app = open(dir.path()).unwrap();
    let import = |definition: &str, name: &str| app.import(definition, name).unwrap();
    assert_eq!(&*import("app:main", "util").unwrap().name, "lib/util.lua");
    assert!(import("app:main", "other").is_none());
    assert!(import("app.lib:util", "util").is_none());
    assert!(import("no id", "util").is_none());
}

#[test]
fn imports_are_checked() {
    let dir = program(&[
        ("main.lua", ""),
        ("x.wat", "(module)"),
        (
            "warren.toml",
            "[imports.\"app:main\"]\na = \"app:x\"\nb = \"app:nothing\"\n\
             [imports.\"app:none\"]\nc = \"app:main\"\n",
        ),
    ]);
    let problems = problems(&dir);
    for expected in [
        "`app:x` is not in Lua",
        "there is no definition `app:nothing`",
        "there is no definition `app:none`",
    ] {
        assert!(problems.contains(expected), "{expected}: {problems}");
    }
}

#[test]
fn modules_are_those_of_one_definition() {
    let dir = program(&[
        ("main.lua", ""),
        ("x.lua", ""),
        (
            "warren.toml",
            "[processes.\"app:x\"]\nmodules = [\"time\", \"json\"]\n",
        ),
    ]);
    let app = open(dir.path()).unwrap();
    assert_eq!(app.modules("app:main"), None);
    let modules = app.modules("app:x").unwrap();
    assert_eq!(*modules, ["time".to_owned(), "json".to_owned()]);
}

#[test]
fn tests_need_no_main() {
    let dir = program(&[("x.lua", ""), ("x_test.lua", ""), ("test/y.lua", "")]);
    assert!(matches!(open(dir.path()), Err(AppError::NoMain { .. })));
    let options = || AppOptions {
        tests: true,
        ..AppOptions::default()
    };
    let app = App::open(dir.path(), options()).unwrap();
    assert_eq!(&**app.main(), "app:x_test");
    let ids: Vec<_> = app.tests().iter().map(|test| test.id.to_string()).collect();
    assert_eq!(ids, ["app:x_test", "app.test:y"]);
    let empty = program(&[("x.lua", "")]);
    let error = App::open(empty.path(), options()).unwrap_err();
    assert!(matches!(error, AppError::NoMain { .. }), "{error}");
}

#[test]
fn tests_are_sorted_by_suite_order_and_id() {
    let dir = program(&[
        ("main.lua", ""),
        ("a_test.lua", ""),
        ("b_test.lua", ""),
        ("c_test.lua", ""),
        ("d_test.lua", ""),
        (
            "warren.toml",
            "[hosts.\"app:h\"]\n[processes.\"app:a_test\"]\ntest.order = 4294967295\nhost = \"app:h\"\n\
             [processes.\"app:c_test\"]\ntest.suite = \"a\"\ntest.name = \"sea\"\n",
        ),
    ]);
    let app = open(dir.path()).unwrap();
    let tests = app.tests();
    let all: Vec<_> = tests
        .iter()
        .map(|test| (&*test.suite, test.order, &*test.name, &*test.host))
        .collect();
    assert_eq!(
        all,
        [
            ("a", 0, "sea", DEFAULT_HOST),
            ("app", 0, "app:b_test", DEFAULT_HOST),
            ("app", 0, "app:d_test", DEFAULT_HOST),
            ("app", u32::MAX, "app:a_test", "app:h"),
        ]
    );
}

#[test]
fn the_first_definition_may_be_given_in_memory() {
    let in_memory = |id: &str| AppOptions {
        main_in_memory: Some(id.to_owned()),
        env: vec![EnvGrant {
            name: "KEY".into(),
            value: Some("all".into()),
        }],
        ..AppOptions::default()
    };
    let empty = program(&[]);
    let app = App::open(empty.path(), in_memory("host:main")).unwrap();
    assert_eq!((&**app.main(), app.has_main()), ("host:main", true));
    assert_eq!(&**app.main_host(), DEFAULT_HOST);
    let granted = [("KEY".to_owned(), "all".to_owned())];
    assert_eq!(app.main_definition().grants.env, granted);
    assert_eq!(app.grants().env, granted);
    assert!(open(empty.path()).is_err());
    // The program's own is not read, whatever is in its place.
    let dir = program(&[("main.lua", ""), ("main.wat", "")]);
    assert!(open(dir.path()).is_err());
    App::open(dir.path(), in_memory("host:main")).unwrap();
    let error = App::open(dir.path(), in_memory("main")).unwrap_err();
    assert!(matches!(error, AppError::FileName { .. }), "{error}");
}
