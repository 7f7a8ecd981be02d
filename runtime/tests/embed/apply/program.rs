//! A program on disk that takes the place of a running one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use warren::app::{App, AppOptions};
use warren::{ApplyError, Change, HostLimits, Kind, Runtime, Spawn};

use super::{GRACE, apply, exec, kind, lines, refused, result, returns};
use crate::setup::{builder, in_time, run};

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn program(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "main.lua", "");
    for (path, text) in files {
        write(dir.path(), path, text);
    }
    dir
}

fn start(dir: &Path) -> Runtime {
    let options = AppOptions {
        reloadable: true,
        ..AppOptions::default()
    };
    let app = App::open(dir, options).unwrap();
    builder().app(app).start().unwrap()
}

/// The change to the files as they are now.
fn change(runtime: &Runtime, dir: &Path) -> Change {
    Change::new().app(runtime.reopen(dir).unwrap())
}

/// The step to another directory.
fn elsewhere(from: &Path, to: &Path) -> String {
    let [from, to] = [from, to].map(|path| fs::canonicalize(path).unwrap());
    format!(
        "~ setting directory: {} -> {}",
        from.display(),
        to.display()
    )
}

const SERVICE: &str = "return function() process.listen('stop'):receive() end";

#[test]
fn a_manifest_is_a_desired_state() {
    run(async {
        let one = returns(1);
        let dir = program(&[
            ("code.lua", &one),
            ("gone.lua", &one),
            ("svc.lua", SERVICE),
            (
                "warren.toml",
                "[hosts.\"app:old\"]\n[hosts.\"app:h\"]\nmax_processes = 5\n",
            ),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        runtime.start_services().await.unwrap();
        assert!(apply(&runtime, change(&runtime, dir)).await.is_nothing());
        write(dir, "code.lua", &returns(2));
        write(dir, "new.lua", &returns(3));
        fs::remove_file(dir.join("gone.lua")).unwrap();
        let manifest = "[hosts.\"app:h\"]\nmax_processes = 6\n\n\
                        [hosts.\"app:new\"]\nmax_memory = \"1MiB\"\n\n\
                        [services.\"app:svc\"]\nprocess = \"app:svc\"\n\n\
                        [processes.\"app:new\"]\nhost = \"app:new\"\n";
        write(dir, "warren.toml", manifest);
        let planned = in_time(runtime.plan(change(&runtime, dir))).await.unwrap();
        let toml = dir.join("warren.toml").display().to_string();
        assert_eq!(
            lines(planned.plan()),
            [
                format!("~ host app:h: max_processes 5 -> 6 ({toml}:1)"),
                format!("+ host app:new ({toml}:4)"),
                "- host app:old".to_owned(),
                "~ definition app:code: code (code.lua)".to_owned(),
                "- definition app:gone".to_owned(),
                "+ definition app:new (new.lua)".to_owned(),
                format!("+ service app:svc ({toml}:7)"),
            ]
        );
        assert_eq!(exec(&runtime, "app:code").await, 1);
        let applied = in_time(planned.apply()).await.unwrap();
        in_time(applied.settled()).await.unwrap();
        assert_eq!(exec(&runtime, "app:code").await, 2);
        assert_eq!(exec(&runtime, "app:new").await, 3);
        assert_eq!(kind(&runtime, "app:gone").await, Kind::NotFound);
        let in_old = Spawn::new("app:code").host("app:old");
        assert_eq!(kind(&runtime, in_old).await, Kind::NotFound);
        assert!(runtime.find("app:svc").is_ok());
        assert!(apply(&runtime, change(&runtime, dir)).await.is_nothing());

        let back = in_time(runtime.rollback(Duration::ZERO)).await.unwrap();
        // Files of definitions alone have a place: the manifest on disk is another one.
        assert_eq!(
            lines(&back.plan),
            [
                "~ host app:h: max_processes 6 -> 5",
                "- host app:new",
                "+ host app:old",
                "~ definition app:code: code (code.lua)",
                "+ definition app:gone (gone.lua)",
                "- definition app:new",
                "- service app:svc",
            ]
        );
        in_time(back.settled()).await.unwrap();
        assert_eq!(exec(&runtime, "app:code").await, 1);
        assert_eq!(exec(&runtime, "app:gone").await, 1);
        assert!(runtime.find("app:svc").is_err());
    });
}

#[test]
fn another_directory_may_take_its_place() {
    run(async {
        let (one, two) = (returns(1), returns(2));
        let first = program(&[("code.lua", &one), ("same.lua", &one)]);
        let second = program(&[("code.lua", &two), ("same.lua", &one)]);
        let runtime = start(first.path());
        let memory = Change::new().lua("app:memory", returns(5));
        apply(&runtime, memory).await;
        let plan = apply(&runtime, change(&runtime, second.path())).await;
        let code = "~ definition app:code: code (code.lua)".to_owned();
        let directory = elsewhere(first.path(), second.path());
        assert_eq!(lines(&plan), [code.clone(), directory]);
        assert_eq!(exec(&runtime, "app:code").await, 2);
        assert_eq!(
            exec(&runtime, "app:memory").await,
            5,
            "it is not the program's"
        );
        // A reload takes the files of the new directory.
        write(second.path(), "code.lua", &returns(3));
        let reloaded = in_time(runtime.reload()).await.unwrap();
        assert_eq!(reloaded.changed, ["app:code"]);
        assert_eq!(exec(&runtime, "app:code").await, 3);
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(lines(&back.plan), [code]);
        assert_eq!(exec(&runtime, "app:code").await, 2);
    });
}

#[test]
fn paths_that_are_opened_again_leave_the_version_to_go_back_to() {
    run(async {
        let one = returns(1);
        let toml = "[grants.\"app:code\"]\nread = [\"data\"]\n";
        let dir = program(&[("code.lua", &one), ("data/file", ""), ("warren.toml", toml)]);
        let dir = dir.path();
        let runtime = start(dir);
        write(dir, "code.lua", &returns(2));
        let plan = apply(&runtime, change(&runtime, dir)).await;
        assert_eq!(lines(&plan), ["~ definition app:code: code (code.lua)"]);
        for _ in 0..2 {
            assert!(apply(&runtime, change(&runtime, dir)).await.is_nothing());
        }
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(
            lines(&back.plan),
            ["~ definition app:code: code (code.lua)"]
        );
        assert_eq!(exec(&runtime, "app:code").await, 1);
    });
}

#[test]
fn a_file_whose_name_is_no_id_is_a_step() {
    run(async {
        let dir = program(&[
            ("lib/a+b.lua", "return 1"),
            (
                "code.lua",
                "return function() return (require('lib/a+b')) end",
            ),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        assert_eq!(exec(&runtime, "app:code").await, 1);
        assert!(apply(&runtime, change(&runtime, dir)).await.is_nothing());
        write(dir, "lib/a+b.lua", "return 2");
        write(dir, "lib/new+.lua", "return 3");
        let plan = apply(&runtime, change(&runtime, dir)).await;
        assert_eq!(
            lines(&plan),
            ["~ module lib/a+b.lua", "+ module lib/new+.lua"]
        );
        assert_eq!(exec(&runtime, "app:code").await, 2);
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(
            lines(&back.plan),
            ["~ module lib/a+b.lua", "- module lib/new+.lua"]
        );
        assert_eq!(exec(&runtime, "app:code").await, 1);
    });
}

#[test]
fn files_that_are_left_out_are_those_of_the_plan() {
    run(async {
        let one = returns(1);
        let toml = "[services.\"app:svc\"]\nprocess = \"app.target:svc\"\n";
        let dir = program(&[
            ("target/used.lua", &one),
            ("target/svc.lua", &one),
            ("warren.toml", toml),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        assert_eq!(exec(&runtime, "app.target:used").await, 1);
        assert!(apply(&runtime, change(&runtime, dir)).await.is_nothing());
        write(dir, "target/used.lua", &returns(2));
        write(dir, "target/svc.lua", &returns(2));
        let planned = in_time(runtime.plan(change(&runtime, dir))).await.unwrap();
        assert_eq!(
            lines(planned.plan()),
            [
                "~ definition app.target:svc: code (target/svc.lua)",
                "~ definition app.target:used: code (target/used.lua)",
            ]
        );
        // Files written after the plan are not taken.
        write(dir, "target/used.lua", &returns(3));
        write(dir, "target/svc.lua", &returns(3));
        in_time(planned.apply()).await.unwrap();
        assert_eq!(exec(&runtime, "app.target:used").await, 2);
        assert_eq!(exec(&runtime, "app.target:svc").await, 2);
    });
}

#[test]
fn a_wrong_program_is_refused_with_its_line_and_changes_nothing() {
    run(async {
        let dir = program(&[("code.lua", &returns(1))]);
        let dir = dir.path();
        let runtime = start(dir);
        write(dir, "warren.toml", "[hosts.\"app:new\"]\n");
        write(dir, "code.lua", "return 1\nreturn function( end\n");
        let error = refused(&runtime, change(&runtime, dir)).await;
        assert!(error.to_string().starts_with("code.lua:2:"), "{error}");
        assert_eq!(error.refused()[0].line, Some(2));
        assert_eq!(exec(&runtime, "app:code").await, 1);
        write(dir, "code.lua", &returns(2));
        write(
            dir,
            "warren.toml",
            "\n[services.\"app:s\"]\nprocess = \"app:none\"\n",
        );
        let error = runtime.reopen(dir).unwrap_err();
        assert!(matches!(error, ApplyError::App(_)), "{error}");
        assert!(error.to_string().contains("warren.toml:3:"), "{error}");
        let told = error.refused();
        let file = told[0].file.as_deref().unwrap();
        assert!(file.ends_with("warren.toml"), "{file}");
        assert_eq!((told.len(), told[0].line), (1, Some(3)));
        assert_eq!(told[0].message, error.to_string());
        for (manifest, line) in [
            ("[app]\nname = \"other\"\n", 2),
            ("[app]\npayloads = \"object\"\n", 2),
            ("\n[app]\nmax_memory_total = \"1GiB\"\n", 3),
            ("\n\n[tokens.\"app:t\"]\n", 3),
            ("[queues.\"app:q\"]\n", 1),
            ("\n[volumes.\"app:v\"]\npath = \".\"\n", 2),
            ("[security]\nstrict = true\n", 1),
            ("[app]\n[scopes.\"app:s\"]\n", 2),
            ("\n[processes.\"app:code\"]\nactor = { id = \"acme\" }\n", 3),
        ] {
            write(dir, "warren.toml", manifest);
            let error = refused(&runtime, change(&runtime, dir)).await;
            assert!(matches!(error, ApplyError::Manifest(_)), "{error}");
            assert_eq!(error.refused()[0].line, Some(line));
            let error = error.to_string();
            assert!(error.contains(&format!("warren.toml:{line}:")), "{error}");
            assert!(
                error.contains("cannot be changed while the program runs"),
                "{error}"
            );
        }
        // Policies without a word in the manifest, beside another fault.
        write(dir, "policies/one.cedar", "");
        for (manifest, lines) in [
            ("", &[("policies/one.cedar", 1)][..]),
            (
                "[app]\nname = \"other\"\n",
                &[("warren.toml", 2), ("policies/one.cedar", 1)][..],
            ),
        ] {
            write(dir, "warren.toml", manifest);
            let error = refused(&runtime, change(&runtime, dir)).await;
            let told = error.refused();
            assert_eq!(told.len(), lines.len(), "{error}");
            for (told, (file, line)) in told.iter().zip(lines) {
                let place = format!("{}:{line}:", dir.join(file).display());
                assert!(told.message.starts_with(&place), "{told:?}");
                assert_eq!(told.line, Some(*line));
            }
        }
        assert_eq!(exec(&runtime, "app:code").await, 1);
    });
}

#[test]
fn another_main_is_a_step_and_is_what_starts_from_then_on() {
    run(async {
        let dir = program(&[("main.lua", &returns(1)), ("other.lua", &returns(2))]);
        let dir = dir.path();
        let runtime = start(dir);
        let main = || async {
            let main = runtime.main().unwrap();
            in_time(runtime.exec::<i64>(main)).await.unwrap()
        };
        assert_eq!(main().await, 1);
        write(dir, "warren.toml", "[app]\n\nmain = \"app:other\"\n");
        let plan = apply(&runtime, change(&runtime, dir)).await;
        let toml = dir.join("warren.toml").display().to_string();
        assert_eq!(
            lines(&plan),
            [format!("~ setting main: app:main -> app:other ({toml}:3)")]
        );
        assert_eq!(main().await, 2);
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(lines(&back.plan), ["~ setting main: app:other -> app:main"]);
        assert_eq!(main().await, 1);
    });
}

#[test]
fn a_manifest_that_says_the_same_counts_as_taken() {
    run(async {
        let dir = program(&[("code.lua", &returns(1)), ("warren.toml", "[app]\n")]);
        let dir = dir.path();
        let runtime = start(dir);
        let has_changed = || async {
            let reloaded = in_time(runtime.reload()).await.unwrap();
            reloaded.manifest_changed
        };
        write(dir, "warren.toml", "# The shop.\n[app]\n");
        assert!(has_changed().await);
        drop(in_time(runtime.plan(change(&runtime, dir))).await.unwrap());
        assert!(has_changed().await, "it was planned alone");
        assert!(apply(&runtime, change(&runtime, dir)).await.is_nothing());
        assert_eq!(runtime.version(), 1);
        assert!(!has_changed().await);
        write(dir, "code.lua", &returns(2));
        assert!(!has_changed().await);
        assert_eq!(exec(&runtime, "app:code").await, 2);
        assert!(!has_changed().await, "also beside other files");
        write(dir, "warren.toml", "[app]\n");
        assert!(has_changed().await);
    });
}

#[test]
fn another_directory_with_the_same_files_is_a_step_and_takes_its_place() {
    run(async {
        let one = returns(1);
        let first = program(&[("code.lua", &one)]);
        let second = program(&[("code.lua", &one)]);
        let runtime = start(first.path());
        let plan = apply(&runtime, change(&runtime, second.path())).await;
        assert_eq!(lines(&plan), [elsewhere(first.path(), second.path())]);
        assert_eq!(runtime.version(), 2);
        let again = apply(&runtime, change(&runtime, second.path())).await;
        assert!(again.is_nothing(), "{again}");
        write(second.path(), "code.lua", &returns(2));
        let reloaded = in_time(runtime.reload()).await.unwrap();
        assert_eq!(reloaded.changed, ["app:code"]);
        assert_eq!(exec(&runtime, "app:code").await, 2);
        in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(exec(&runtime, "app:code").await, 1);

        let third = change(&runtime, first.path());
        let plan = apply(&runtime, third).await;
        assert_eq!(lines(&plan), [elsewhere(second.path(), first.path())]);
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(lines(&back.plan), [elsewhere(first.path(), second.path())]);
    });
}

#[cfg(unix)]
#[test]
fn a_directory_in_the_place_of_the_first_is_a_step_and_takes_its_place() {
    run(async {
        let one = returns(1);
        let all = program(&[
            ("shop/main.lua", ""),
            ("shop/code.lua", &one),
            ("next/main.lua", ""),
            ("next/code.lua", &one),
        ]);
        let path = |name: &str| all.path().join(name);
        let shop = path("shop");
        let runtime = start(&shop);
        fs::rename(&shop, path("before")).unwrap();
        fs::rename(path("next"), &shop).unwrap();
        let plan = apply(&runtime, change(&runtime, &shop)).await;
        let shown = fs::canonicalize(&shop).unwrap();
        let step = format!("~ setting directory: another one is at {}", shown.display());
        assert_eq!(lines(&plan), [step]);
        write(&shop, "code.lua", &returns(2));
        let reloaded = in_time(runtime.reload()).await.unwrap();
        assert_eq!(reloaded.changed, ["app:code"]);
        assert_eq!(exec(&runtime, "app:code").await, 2);
    });
}

#[test]
fn policies_scopes_and_grants_of_the_manifest_are_taken() {
    run(async {
        let dir = program(&[
            (
                "reads.lua",
                "return function() return env.get('N') and 1 or 0 end",
            ),
            (
                "who.lua",
                "return function() return security.actor():id() end",
            ),
            (
                "policies/one.cedar",
                "permit (principal, action, resource);",
            ),
            ("warren.toml", "[security]\npolicies = [\"one\"]\n"),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        assert_eq!(exec(&runtime, "app:reads").await, 0);
        write(dir, "policies/two.cedar", "");
        let manifest = "[security]\npolicies = [\"one\"]\n\
                        [scopes.\"app:s\"]\npolicies = [\"two\"]\n\
                        [processes.\"app:who\"]\nactor = { id = \"acme\" }\n\
                        [grants.\"app:reads\"]\nenv = [\"CARGO_PKG_NAME\", \"N\"]\n";
        write(dir, "warren.toml", manifest);
        let plan = apply(&runtime, change(&runtime, dir)).await;
        let toml = dir.join("warren.toml").display().to_string();
        let told = lines(&plan);
        let policy = dir.join("policies/two.cedar").display().to_string();
        assert!(
            told.contains(&format!("+ policy two ({policy}:1)")),
            "{told:?}"
        );
        assert!(
            told.contains(&format!("+ scope app:s ({toml}:3)")),
            "{told:?}"
        );
        let identity = format!("+ identity of definition app:who ({toml}:5)");
        assert!(told.contains(&identity), "{told:?}");
        let grants = "~ definition app:reads: grants (reads.lua)".to_owned();
        assert!(told.contains(&grants), "{told:?}");
        let who: String = in_time(runtime.exec("app:who")).await.unwrap();
        assert_eq!(who, "acme");
        assert_eq!(runtime.named_scope("app:s").unwrap().policies, ["two"]);
    });
}

#[test]
fn policies_and_settings_of_permissions_have_their_places() {
    run(async {
        let all = "permit (principal, action, resource);\n";
        let permits = "[security]\npolicies = [\"one\"]\n";
        let dir = program(&[
            ("policies/gone.cedar", ""),
            ("policies/one.cedar", all),
            ("policies/same.cedar", all),
            ("warren.toml", permits),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        fs::remove_file(dir.join("policies/gone.cedar")).unwrap();
        write(dir, "policies/one.cedar", &format!("{all}// More.\n"));
        write(
            dir,
            "policies/schema.cedarschema",
            "action \"shop.sell\";\n",
        );
        write(
            dir,
            "warren.toml",
            "[security]\n\npolicies = [\"same\"]\nstrict = true\n",
        );
        let planned = in_time(runtime.plan(change(&runtime, dir))).await.unwrap();
        let path = |name: &str| dir.join(name).display().to_string();
        let (policies, toml) = (path("policies"), path("warren.toml"));
        assert_eq!(
            lines(planned.plan()),
            [
                "- policy gone".to_owned(),
                format!("~ policy one ({policies}/one.cedar:2)"),
                format!("~ setting schema.cedarschema: text ({policies}/schema.cedarschema:1)"),
                format!("~ setting security.policies: policies of every process ({toml}:3)"),
                format!("~ setting security.strict: false -> true ({toml}:4)"),
            ]
        );
        in_time(planned.apply()).await.unwrap();
        let back = in_time(runtime.plan_rollback(GRACE)).await.unwrap();
        // The files on disk are those of another version.
        assert_eq!(
            lines(back.plan()),
            [
                "+ policy gone",
                "~ policy one",
                "~ setting schema.cedarschema: text",
                "~ setting security.policies: policies of every process",
                "~ setting security.strict: true -> false",
            ]
        );
    });
}

#[test]
fn a_runtime_without_a_reloadable_program_refuses_one() {
    run(async {
        let dir = program(&[]);
        let without = builder().start().unwrap();
        let error = without.reopen(dir.path()).unwrap_err();
        assert!(matches!(error, ApplyError::NoProgram), "{error}");
        let app = App::open(dir.path(), AppOptions::default()).unwrap();
        let fixed = builder().app(app).start().unwrap();
        let error = refused(&fixed, change(&fixed, dir.path())).await;
        assert_eq!(
            error.to_string(),
            "the program was not opened as reloadable"
        );
        // Definitions of memory change all the same.
        apply(&fixed, Change::new().lua("app:memory", returns(1))).await;
        assert_eq!(exec(&fixed, "app:memory").await, 1);
    });
}

#[test]
fn a_definition_of_memory_hides_one_of_the_program() {
    run(async {
        let dir = program(&[("code.lua", &returns(1))]);
        let runtime = start(dir.path());
        assert_eq!(exec(&runtime, "app:code").await, 1);
        let plan = apply(&runtime, Change::new().lua("app:code", returns(2))).await;
        assert_eq!(lines(&plan), ["~ definition app:code: code"]);
        assert_eq!(exec(&runtime, "app:code").await, 2);
        write(dir.path(), "code.lua", &returns(3));
        let plan = apply(&runtime, change(&runtime, dir.path())).await;
        assert!(
            !lines(&plan).iter().any(|line| line.contains("app:code")),
            "{plan}"
        );
        assert_eq!(exec(&runtime, "app:code").await, 2);
        apply(&runtime, Change::new().remove_definition("app:code")).await;
        assert_eq!(exec(&runtime, "app:code").await, 3);
    });
}

#[test]
fn the_same_in_memory_hides_what_the_program_has() {
    run(async {
        let policy = "permit (principal, action, resource);";
        let permits = "[security]\npolicies = [\"one\"]\n";
        let manifest = "[hosts.\"app:h\"]\nmax_processes = 5\n\
                        [services.\"app:svc\"]\nprocess = \"app:svc\"\n";
        let dir = program(&[
            ("svc.lua", SERVICE),
            ("policies/one.cedar", policy),
            ("warren.toml", &format!("{permits}{manifest}")),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        let of_program = runtime.inspector().program().unwrap();
        let same = || {
            Change::new()
                .host("app:h", HostLimits::default().max_processes(5))
                .service(of_program.services()[0].clone())
                .policy("one", policy)
        };
        for _ in 0..2 {
            let plan = apply(&runtime, same()).await;
            assert!(plan.is_nothing(), "{plan}");
            assert_eq!(runtime.version(), 2, "it counts once");
        }
        // The program goes on without them, behind those of memory.
        write(dir, "warren.toml", permits);
        write(dir, "policies/one.cedar", "");
        for _ in 0..2 {
            let plan = apply(&runtime, change(&runtime, dir)).await;
            assert!(plan.is_nothing(), "{plan}");
            assert_eq!(runtime.version(), 3);
        }
        let removed = Change::new()
            .remove_host("app:h")
            .remove_service("app:svc")
            .remove_policy("one");
        let plan = apply(&runtime, removed).await;
        assert_eq!(
            lines(&plan),
            ["- host app:h", "- service app:svc", "~ policy one"]
        );
    });
}

#[test]
fn imports_modules_and_tests_of_the_manifest_are_taken() {
    run(async {
        let dir = program(&[
            ("code.lua", "return function() return (require('u')) end"),
            ("few.lua", "return function() return json and 1 or 0 end"),
            ("some.lua", &returns(5)),
            ("one.lua", "return 1"),
            ("two.lua", "return 2"),
            ("warren.toml", "[imports.\"app:code\"]\nu = \"app:one\"\n"),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        assert_eq!(exec(&runtime, "app:code").await, 1);
        assert_eq!(exec(&runtime, "app:few").await, 1);
        let manifest = "[imports.\"app:code\"]\nu = \"app:two\"\n\
                        [processes.\"app:few\"]\nmodules = [\"time\"]\n\
                        [processes.\"app:some\"]\ntest = { name = \"five\" }\n";
        write(dir, "warren.toml", manifest);
        let steps = [
            "~ definition app:code: imports (code.lua)",
            "~ definition app:few: modules (few.lua)",
            "~ definition app:some: test (some.lua)",
        ];
        let plan = apply(&runtime, change(&runtime, dir)).await;
        assert_eq!(lines(&plan), steps);
        assert_eq!(exec(&runtime, "app:code").await, 2);
        assert_eq!(exec(&runtime, "app:few").await, 0);
        assert_eq!(exec(&runtime, "app:some").await, 5);
        assert!(apply(&runtime, change(&runtime, dir)).await.is_nothing());

        // Other code and other settings are one step.
        write(
            dir,
            "few.lua",
            "return function() return json and 2 or 3 end",
        );
        write(
            dir,
            "warren.toml",
            &manifest.replace("[\"time\"]", "[\"json\"]"),
        );
        let plan = apply(&runtime, change(&runtime, dir)).await;
        assert_eq!(
            lines(&plan),
            ["~ definition app:few: code, modules (few.lua)"]
        );
        assert_eq!(exec(&runtime, "app:few").await, 2);
        in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(exec(&runtime, "app:few").await, 0);
        assert_eq!(exec(&runtime, "app:code").await, 2);
    });
}

#[test]
fn a_definition_of_memory_takes_imports_and_modules_of_its_id() {
    run(async {
        let dir = program(&[
            ("code.lua", &returns(8)),
            ("few.lua", &returns(9)),
            ("one.lua", "return 1"),
            ("two.lua", "return 2"),
            ("warren.toml", "[imports.\"app:code\"]\nu = \"app:one\"\n"),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        let memory = Change::new()
            .lua("app:code", "return function() return (require('u')) end")
            .lua("app:few", "return function() return json and 1 or 0 end");
        apply(&runtime, memory).await;
        assert_eq!(exec(&runtime, "app:code").await, 1);
        assert_eq!(exec(&runtime, "app:few").await, 1);
        let manifest = "[imports.\"app:code\"]\nu = \"app:two\"\n\
                        [processes.\"app:few\"]\nmodules = [\"time\"]\n";
        write(dir, "warren.toml", manifest);
        let plan = apply(&runtime, change(&runtime, dir)).await;
        assert_eq!(
            lines(&plan),
            [
                "~ definition app:code: imports",
                "~ definition app:few: modules"
            ]
        );
        assert_eq!(exec(&runtime, "app:code").await, 2);
        assert_eq!(exec(&runtime, "app:few").await, 0);
        assert!(apply(&runtime, change(&runtime, dir)).await.is_nothing());
        // Other code beside it is the same step.
        write(dir, "warren.toml", "[app]\n");
        let both = change(&runtime, dir).lua("app:few", "return function() return 4 end");
        let plan = apply(&runtime, both).await;
        assert_eq!(
            lines(&plan),
            [
                "~ definition app:code: imports",
                "~ definition app:few: code, modules"
            ]
        );
        in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(exec(&runtime, "app:code").await, 2);
        assert_eq!(exec(&runtime, "app:few").await, 0);
    });
}

/// Requires `name`, and returns what that gave once the process is told of a change of
/// `source` alone.
fn requires(name: &str, source: &str) -> String {
    format!(
        "return function()
            local events = process.events()
            process.set_options {{ upgradable = true }}
            local given = require('{name}')
            process.registry.register('requires_{name}')
            local event = events:receive()
            assert(event.kind == process.event.OUTDATED)
            assert(#event.sources == 1 and event.sources[1] == '{source}', event.sources[1])
            return given
        end"
    )
}

#[test]
fn processes_that_ask_for_it_are_told_of_other_imports() {
    run(async {
        let dir = program(&[
            // An import becomes another, one takes the place of a module, and the code of
            // one changes.
            ("a.lua", &requires("u", "app:a")),
            ("b.lua", &requires("v", "app:b")),
            ("c.lua", &requires("w", "app:one")),
            ("one.lua", "return 1"),
            ("two.lua", "return 2"),
            ("v.lua", "return 3"),
            (
                "warren.toml",
                "[imports.\"app:a\"]\nu = \"app:one\"\n[imports.\"app:c\"]\nw = \"app:one\"\n",
            ),
        ]);
        let dir = dir.path();
        let runtime = start(dir);
        let mut handles = Vec::new();
        for (id, name) in [("app:a", "u"), ("app:b", "v"), ("app:c", "w")] {
            handles.push(runtime.spawn(id).await.unwrap());
            in_time(async {
                while runtime.find(format!("requires_{name}")).is_err() {
                    tokio::task::yield_now().await;
                }
            })
            .await;
        }
        let manifest = "[imports.\"app:a\"]\nu = \"app:two\"\n\
                        [imports.\"app:b\"]\nv = \"app:two\"\n\
                        [imports.\"app:c\"]\nw = \"app:one\"\n\
                        [processes.\"app:c\"]\nmodules = [\"time\"]\n";
        write(dir, "warren.toml", manifest);
        apply(&runtime, change(&runtime, dir)).await;
        assert_eq!(result(&handles[0]).await, 1);
        assert_eq!(result(&handles[1]).await, 3);
        assert!(!handles[2].has_ended());
        write(dir, "one.lua", "return 9");
        let plan = apply(&runtime, change(&runtime, dir)).await;
        assert_eq!(lines(&plan), ["~ definition app:one: code (one.lua)"]);
        assert_eq!(result(&handles[2]).await, 1);
    });
}

#[test]
fn an_import_is_that_of_memory_as_long_as_there_is_one() {
    run(async {
        let dir = program(&[
            ("a.lua", &requires("u", "app:one")),
            ("code.lua", "return function() return (require('u')) end"),
            ("one.lua", "return 1"),
            (
                "warren.toml",
                "[imports.\"app:a\"]\nu = \"app:one\"\n[imports.\"app:code\"]\nu = \"app:one\"\n",
            ),
        ]);
        let runtime = start(dir.path());
        assert_eq!(exec(&runtime, "app:code").await, 1);
        apply(&runtime, Change::new().lua("app:one", "return 2")).await;
        assert_eq!(exec(&runtime, "app:code").await, 2);
        let handle = runtime.spawn("app:a").await.unwrap();
        in_time(async {
            while runtime.find("requires_u").is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        // A definition that it does not import is no news to it.
        apply(&runtime, Change::new().lua("app:other", "return 9")).await;
        assert!(!handle.has_ended());
        let plan = apply(&runtime, Change::new().lua("app:one", "return 3")).await;
        assert_eq!(lines(&plan), ["~ definition app:one: code"]);
        assert_eq!(result(&handle).await, 2);
        assert_eq!(exec(&runtime, "app:code").await, 3);
        let removed = Change::new().remove_definition("app:one");
        apply(&runtime, removed).await;
        assert_eq!(exec(&runtime, "app:code").await, 1);
        in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(exec(&runtime, "app:code").await, 3);
    });
}
