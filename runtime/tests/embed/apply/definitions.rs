//! Definitions and modules that come, change and go.

use std::fs;
use std::sync::Arc;

use warren::{ApplyError, Change, Context, Error, Grants, Kind, PathGrant, Spawn};

use super::{GRACE, WAITS, applied, apply, exec, kind, lines, refused, result, returns, start};
use crate::setup::{in_time, run, wasm};

async fn native(_: Context) -> Result<i64, Error> {
    Ok(7)
}

#[test]
fn definitions_come_change_and_go() {
    run(async {
        let runtime = start();
        assert_eq!(runtime.version(), 1);
        let change = Change::new()
            .lua("app:lua", returns(1))
            .wasm("app:wasm", wasm(2))
            .native("app:native", native);
        let plan = apply(&runtime, change).await;
        assert_eq!(
            lines(&plan),
            [
                "+ definition app:lua",
                "+ definition app:native",
                "+ definition app:wasm"
            ]
        );
        assert_eq!((plan.version, runtime.version()), (1, 2));
        assert_eq!(exec(&runtime, "app:lua").await, 1);
        assert_eq!(exec(&runtime, "app:wasm").await, 2);
        assert_eq!(exec(&runtime, "app:native").await, 7);

        let change = Change::new()
            .lua("app:lua", returns(10))
            .lua("app:wasm", returns(20));
        let plan = apply(&runtime, change).await;
        assert_eq!(
            lines(&plan),
            ["~ definition app:lua: code", "~ definition app:wasm: code"]
        );
        assert_eq!(exec(&runtime, "app:lua").await, 10);
        assert_eq!(exec(&runtime, "app:wasm").await, 20);

        let change = Change::new()
            .remove_definition("app:lua")
            .remove_definition("app:native");
        let plan = apply(&runtime, change).await;
        assert_eq!(
            lines(&plan),
            ["- definition app:lua", "- definition app:native"]
        );
        assert_eq!(kind(&runtime, "app:lua").await, Kind::NotFound);
        assert_eq!(kind(&runtime, "app:native").await, Kind::NotFound);
        assert_eq!(exec(&runtime, "app:wasm").await, 20);
        assert_eq!(runtime.version(), 4);
    });
}

#[test]
fn the_same_again_changes_nothing() {
    run(async {
        let runtime = start();
        let change = || {
            Change::new()
                .lua("app:a", returns(1))
                .module("m", "return 1")
        };
        apply(&runtime, change()).await;
        let plan = apply(&runtime, change()).await;
        assert!(plan.is_nothing(), "{plan}");
        assert_eq!(
            (plan.to_string().as_str(), runtime.version()),
            ("nothing to change", 2)
        );
        assert!(apply(&runtime, Change::new()).await.is_nothing());
    });
}

#[test]
fn a_running_process_keeps_its_code_and_its_handle_until_it_upgrades() {
    run(async {
        let runtime = start();
        let upgrades = "return function()
            process.listen('go'):receive()
            assert(process.upgrade(nil))
        end";
        let change = Change::new()
            .lua("app:waits", WAITS)
            .lua("app:upgrades", upgrades)
            .lua("app:later", "return function() return (require('m')) end");
        apply(&runtime, change.module("m", "return 1")).await;
        let waits = runtime.spawn("app:waits").await.unwrap();
        let upgraded = runtime.spawn("app:upgrades").await.unwrap();
        let change = Change::new()
            .lua("app:waits", returns(2))
            .lua("app:upgrades", returns(3));
        apply(&runtime, change.module("m", "return 4")).await;
        assert_eq!(exec(&runtime, "app:waits").await, 2);
        assert_eq!(exec(&runtime, "app:later").await, 4);
        waits.send("go", 5).unwrap();
        assert_eq!(result(&waits).await, 5);
        upgraded.send("go", ()).unwrap();
        assert_eq!(result(&upgraded).await, 3);

        let waits = runtime.spawn("app:later").await.unwrap();
        assert_eq!(result(&waits).await, 4);
        let change = Change::new().lua("app:waits", WAITS);
        apply(&runtime, change).await;
        let waits = runtime.spawn("app:waits").await.unwrap();
        apply(&runtime, Change::new().remove_definition("app:waits")).await;
        assert!(runtime.find(waits.pid()).is_ok());
        waits.send("go", 6).unwrap();
        assert_eq!(result(&waits).await, 6);
    });
}

#[test]
fn an_upgrade_to_a_definition_that_is_gone_leaves_the_process_as_it_is() {
    run(async {
        let runtime = start();
        let tries = "return function()
            process.listen('go'):receive()
            local _, err = process.upgrade('app:gone')
            return err:kind() == errors.NOT_FOUND and 1 or 0
        end";
        let change = Change::new()
            .lua("app:tries", tries)
            .lua("app:gone", returns(9));
        apply(&runtime, change).await;
        let tries = runtime.spawn("app:tries").await.unwrap();
        apply(&runtime, Change::new().remove_definition("app:gone")).await;
        tries.send("go", ()).unwrap();
        assert_eq!(result(&tries).await, 1);
    });
}

#[test]
fn processes_that_ask_for_it_are_told_of_a_change_of_their_code() {
    run(async {
        let runtime = start();
        let asks = "return function()
            local events = process.events()
            process.set_options { upgradable = true }
            process.registry.register('asks')
            local event = events:receive()
            return event.kind == process.event.OUTDATED and event.sources[1] == 'app:asks' and 1
        end";
        let change = Change::new()
            .lua("app:asks", asks)
            .lua("app:other", returns(1));
        apply(&runtime, change).await;
        let asking = runtime.spawn("app:asks").await.unwrap();
        in_time(async {
            while runtime.find("asks").is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        apply(&runtime, Change::new().lua("app:other", returns(2))).await;
        assert!(!asking.has_ended());
        apply(&runtime, Change::new().lua("app:asks", returns(2))).await;
        assert_eq!(result(&asking).await, 1);
    });
}

#[test]
fn a_change_is_applied_whole_or_not_at_all() {
    run(async {
        let runtime = start();
        apply(&runtime, Change::new().lua("app:a", returns(1))).await;
        let change = || {
            Change::new()
                .host("app:new", Default::default())
                .lua("app:a", returns(2))
                .module("m", "return 1")
        };
        let wrong = change().lua("app:wrong", "return 1\nreturn 2 +");
        let error = refused(&runtime, wrong).await;
        let told = error.refused();
        assert_eq!(told.len(), 1);
        assert_eq!(
            (told[0].definition.as_str(), told[0].line),
            ("app:wrong", Some(2)),
            "{error}"
        );
        assert!(error.to_string().starts_with("app:wrong.lua:2:"), "{error}");
        let error = refused(&runtime, change().lua("no id", returns(1))).await;
        assert!(matches!(error, ApplyError::Id(_)), "{error}");
        let error = refused(&runtime, change().remove_definition("app:none")).await;
        assert_eq!(
            error.to_string(),
            "there is no definition app:none that was given in memory"
        );
        let error = refused(&runtime, change().remove_module("none")).await;
        assert!(matches!(error, ApplyError::NotFound { .. }), "{error}");
        let error = refused(&runtime, change().host("a|b", Default::default())).await;
        assert!(matches!(error, ApplyError::Host { .. }), "{error}");
        assert_eq!(exec(&runtime, "app:a").await, 1);
        let in_host = Spawn::new("app:a").host("app:new");
        assert_eq!(kind(&runtime, in_host).await, Kind::NotFound);
    });
}

#[test]
fn a_plan_is_what_is_applied() {
    run(async {
        let runtime = start();
        let planned = runtime.plan(Change::new().lua("app:a", returns(1)));
        let planned = in_time(planned).await.unwrap();
        assert_eq!(lines(planned.plan()), ["+ definition app:a"]);
        assert_eq!(kind(&runtime, "app:a").await, Kind::NotFound);
        assert_eq!(runtime.version(), 1);
        drop(in_time(planned.apply()).await.unwrap());
        assert_eq!(exec(&runtime, "app:a").await, 1);

        // Two plans of one version: the second one is out of date.
        let first = runtime.plan(Change::new().lua("app:a", returns(2)));
        let first = in_time(first).await.unwrap();
        let second = runtime.plan(Change::new().remove_definition("app:a"));
        let second = in_time(second).await.unwrap();
        drop(in_time(first.apply()).await.unwrap());
        let error = in_time(second.apply()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the plan is for version 2, and version 3 is in place: plan again"
        );
        assert_eq!(exec(&runtime, "app:a").await, 2);
        let wrong = runtime.plan(Change::new().lua("app:b", "return +"));
        assert!(in_time(wrong).await.is_err());
    });
}

#[test]
fn a_rollback_goes_back_by_one_and_forth_again() {
    run(async {
        let runtime = start();
        let error = in_time(runtime.rollback(GRACE)).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no version before this one");
        let change = Change::new()
            .lua("app:a", returns(1))
            .lua("app:b", returns(1));
        apply(&runtime, change).await;
        let change = Change::new()
            .lua("app:a", returns(2))
            .remove_definition("app:b")
            .module("m", "return 1");
        apply(&runtime, change).await;
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!((back.version, runtime.version()), (4, 4));
        assert_eq!(
            lines(&back.plan),
            [
                "~ definition app:a: code",
                "+ definition app:b",
                "- module m"
            ]
        );
        assert_eq!(exec(&runtime, "app:a").await, 1);
        assert_eq!(exec(&runtime, "app:b").await, 1);
        let forth = in_time(runtime.plan_rollback(GRACE)).await.unwrap();
        assert_eq!(forth.plan().count(warren::Action::Remove), 1);
        drop(in_time(forth.apply()).await.unwrap());
        assert_eq!(exec(&runtime, "app:a").await, 2);
        assert_eq!(kind(&runtime, "app:b").await, Kind::NotFound);
        let forgetful = Change::new().lua("app:a", returns(3)).forget_previous();
        apply(&runtime, forgetful).await;
        assert!(in_time(runtime.rollback(GRACE)).await.is_err());
    });
}

#[test]
fn a_removed_definition_is_freed_while_other_processes_run() {
    run(async {
        let runtime = start();
        let token = Arc::new(());
        let held = Arc::clone(&token);
        let code = move |_: Context| {
            let held = Arc::clone(&held);
            async move {
                drop(held);
                Ok::<_, Error>(())
            }
        };
        let change = Change::new()
            .lua("app:waits", WAITS)
            .native("app:native", code);
        apply(&runtime, change).await;
        let waits = runtime.spawn("app:waits").await.unwrap();
        in_time(runtime.exec::<()>("app:native")).await.unwrap();
        // Kept for a rollback.
        apply(&runtime, Change::new().remove_definition("app:native")).await;
        assert!(Arc::strong_count(&token) > 1);
        apply(&runtime, Change::new().lua("app:other", returns(1))).await;
        // The task of a process is dropped a moment after its end is told.
        in_time(async {
            while Arc::strong_count(&token) > 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        waits.send("go", 1).unwrap();
        assert_eq!(result(&waits).await, 1);
    });
}

#[test]
fn grants_are_replaced_for_later_processes() {
    run(async {
        let runtime = start();
        let reads = "return function() return env.get('N') and 1 or 0 end";
        apply(&runtime, Change::new().lua("app:reads", reads)).await;
        assert_eq!(exec(&runtime, "app:reads").await, 0);
        let grants = Grants {
            env: vec![("N".to_owned(), "1".to_owned())],
            ..Grants::default()
        };
        let plan = apply(&runtime, Change::new().grants("app:reads", grants)).await;
        assert_eq!(lines(&plan), ["~ definition app:reads: grants"]);
        assert_eq!(exec(&runtime, "app:reads").await, 1);
        let error = refused(
            &runtime,
            Change::new().grants("app:none", Grants::default()),
        )
        .await;
        assert!(matches!(error, ApplyError::NotFound { .. }), "{error}");
        let applied = applied(
            &runtime,
            Change::new().grants("app:reads", Grants::default()),
        )
        .await;
        assert_eq!(applied.version, 4);
        assert_eq!(exec(&runtime, "app:reads").await, 0);
    });
}

#[test]
fn a_directory_that_is_granted_again_is_the_one_that_was_opened_last() {
    run(async {
        let runtime = start();
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let make = |n: &str| {
            fs::create_dir(&data).unwrap();
            fs::write(data.join("n"), n).unwrap();
        };
        let grants = || Grants {
            paths: vec![PathGrant::open("data", &data, false).unwrap()],
            ..Grants::default()
        };
        let reads = "return function() return tonumber(io.open('data/n'):read('a')) end";
        make("1");
        apply(&runtime, Change::new().lua("app:reads", reads)).await;
        apply(&runtime, Change::new().grants("app:reads", grants())).await;
        assert_eq!(exec(&runtime, "app:reads").await, 1);
        fs::rename(&data, dir.path().join("old")).unwrap();
        make("2");
        assert_eq!(exec(&runtime, "app:reads").await, 1);
        let plan = apply(&runtime, Change::new().grants("app:reads", grants())).await;
        assert!(plan.is_nothing(), "{plan}");
        assert_eq!(exec(&runtime, "app:reads").await, 2);
    });
}
