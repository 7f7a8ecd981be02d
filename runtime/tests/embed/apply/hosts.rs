//! Hosts that come, go and get other limits.

use std::time::Duration;

use warren::introspection::HostInfo;
use warren::{ApplyError, Change, HostLimits, Kind, Pid, Runtime, Spawn};

use super::{GRACE, WAITS, applied, apply, kind, lines, refused, result, returns, start};
use crate::setup::{in_time, run};

/// Limits of so many processes.
fn of_processes(max_processes: usize) -> HostLimits {
    HostLimits::default().max_processes(max_processes)
}

fn waits(host: &str) -> Spawn {
    Spawn::new("app:waits").host(host)
}

async fn with_host(limits: HostLimits) -> Runtime {
    let runtime = start();
    let change = Change::new().lua("app:waits", WAITS).host("app:h", limits);
    let plan = apply(&runtime, change).await;
    assert_eq!(lines(&plan), ["+ host app:h", "+ definition app:waits"]);
    runtime
}

#[test]
fn limits_of_a_host_are_replaced_while_it_has_processes() {
    run(async {
        let runtime = with_host(of_processes(1)).await;
        let first = runtime.spawn(waits("app:h")).await.unwrap();
        assert_eq!(kind(&runtime, waits("app:h")).await, Kind::RateLimited);
        let plan = apply(&runtime, Change::new().host("app:h", of_processes(2))).await;
        assert_eq!(lines(&plan), ["~ host app:h: max_processes 1 -> 2"]);
        let second = runtime.spawn(waits("app:h")).await.unwrap();
        assert_eq!(kind(&runtime, waits("app:h")).await, Kind::RateLimited);
        // Fewer than there are: nobody is ended, and nobody comes.
        apply(&runtime, Change::new().host("app:h", of_processes(1))).await;
        assert_eq!(kind(&runtime, waits("app:h")).await, Kind::RateLimited);
        for process in [&first, &second] {
            process.send("go", 1).unwrap();
            assert_eq!(result(process).await, 1);
        }
        let info = runtime.inspector().totals().hosts;
        let host = info.iter().find(|host| host.name == "app:h").unwrap();
        assert_eq!((host.processes, host.max_processes), (0, 1));
    });
}

#[test]
fn a_process_keeps_the_limits_of_each_process_it_was_started_with() {
    run(async {
        let runtime = with_host(HostLimits::default()).await;
        let before = runtime.spawn(waits("app:h")).await.unwrap();
        let small = HostLimits::default().max_memory(4 << 20);
        let plan = apply(&runtime, Change::new().host("app:h", small)).await;
        assert_eq!(lines(&plan), ["~ host app:h: max_memory 64 MiB -> 4 MiB"]);
        let after = runtime.spawn(waits("app:h")).await.unwrap();
        let limit = |pid: &Pid| {
            let details = runtime.inspector().process(pid).unwrap();
            details.process.max_memory
        };
        assert_eq!(
            (limit(before.pid()), limit(after.pid())),
            (64 << 20, 4 << 20)
        );
        let eat = "return function() return #string.rep('x', 16 * 1024 * 1024) end";
        apply(&runtime, Change::new().lua("app:eat", eat)).await;
        let eat = runtime.exec::<i64>(Spawn::new("app:eat").host("app:h"));
        let error = in_time(eat).await.unwrap_err();
        assert!(
            error
                .to_string()
                .contains("max_memory = 4 MiB of host app:h"),
            "{error}"
        );
    });
}

#[test]
fn a_removed_host_is_drained_and_its_handles_stay_valid() {
    run(async {
        let runtime = with_host(HostLimits::default()).await;
        let polite = "return function()
            local events = process.events()
            process.registry.register('polite')
            return events:receive().kind == process.event.CANCEL and 1 or 0
        end";
        apply(&runtime, Change::new().lua("app:polite", polite)).await;
        let polite = runtime
            .spawn(Spawn::new("app:polite").host("app:h"))
            .await
            .unwrap();
        in_time(async {
            while runtime.find("polite").is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let deaf = runtime.spawn(waits("app:h")).await.unwrap();
        let elsewhere = runtime.spawn(waits("app:processes")).await.unwrap();

        let change = Change::new()
            .remove_host("app:h")
            .grace(Duration::from_secs(2));
        let applied = applied(&runtime, change).await;
        assert_eq!(lines(&applied.plan), ["- host app:h"]);
        // Refused at once, whether or not its processes have ended.
        assert_eq!(kind(&runtime, waits("app:h")).await, Kind::NotFound);
        in_time(applied.settled()).await.unwrap();
        assert_eq!(result(&polite).await, 1);
        assert!(
            in_time(deaf.result::<i64>()).await.is_err(),
            "terminated at the deadline"
        );
        assert_eq!(runtime.find(deaf.pid()).unwrap_err().kind, Kind::NotFound);
        assert!(
            runtime
                .inspector()
                .totals()
                .hosts
                .iter()
                .all(|host| host.name != "app:h")
        );
        elsewhere.send("go", 3).unwrap();
        assert_eq!(result(&elsewhere).await, 3);
    });
}

#[test]
fn a_host_of_the_same_name_may_come_before_the_first_has_ended() {
    run(async {
        let runtime = with_host(of_processes(1)).await;
        let old = runtime.spawn(waits("app:h")).await.unwrap();
        let gone = applied(&runtime, Change::new().remove_host("app:h").grace(GRACE)).await;
        apply(&runtime, Change::new().host("app:h", of_processes(1))).await;
        let new = runtime.spawn(waits("app:h")).await.unwrap();
        assert!(!old.has_ended());
        old.send("go", 1).unwrap();
        assert_eq!(result(&old).await, 1);
        in_time(gone.settled()).await.unwrap();
        assert!(!new.has_ended());
        assert_eq!(kind(&runtime, waits("app:h")).await, Kind::RateLimited);
    });
}

#[test]
fn a_host_that_drains_is_shown_and_ended_by_its_name() {
    run(async {
        let runtime = with_host(of_processes(5)).await;
        let inspector = runtime.inspector();
        let drain = || async {
            let old = runtime.spawn(waits("app:h")).await.unwrap();
            let gone = Change::new().remove_host("app:h").grace(GRACE);
            (old, applied(&runtime, gone).await)
        };
        let (old, gone) = drain().await;
        let totals = inspector.totals();
        assert!(totals.hosts.iter().all(|host| host.name != "app:h"));
        let draining: Vec<_> = totals.draining.iter().collect();
        assert_eq!(draining.len(), 1);
        assert_eq!((&*draining[0].name, draining[0].processes), ("app:h", 1));
        let ending = inspector.terminate_hosts(&["app:h"]).unwrap();
        assert_eq!(ending.processes(), 1);
        in_time(ending.wait()).await;
        assert!(old.has_ended());
        in_time(gone.settled()).await.unwrap();
        assert!(inspector.totals().draining.is_empty());
        let error = inspector.terminate_hosts(&["app:h"]).unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);

        // Also beside a new host of its name.
        let host = || Change::new().host("app:h", of_processes(5));
        apply(&runtime, host()).await;
        let (old, gone) = drain().await;
        apply(&runtime, host()).await;
        let new = runtime.spawn(waits("app:h")).await.unwrap();
        let totals = inspector.totals();
        let of_name = |host: &&HostInfo| host.name == "app:h";
        assert_eq!(totals.hosts.iter().filter(of_name).count(), 1);
        assert_eq!(totals.draining.iter().filter(of_name).count(), 1);
        let ending = inspector.terminate_hosts(&["app:h"]).unwrap();
        assert_eq!(ending.processes(), 2);
        in_time(ending.wait()).await;
        assert!(old.has_ended() && new.has_ended());
        in_time(gone.settled()).await.unwrap();
        let next = runtime.spawn(waits("app:h")).await.unwrap();
        assert!(!next.has_ended(), "the new host takes processes again");
    });
}

#[test]
fn nothing_may_need_a_host_that_is_gone() {
    run(async {
        let runtime = with_host(HostLimits::default()).await;
        let mut bound = warren::Definition {
            id: "app:bound".into(),
            code: warren::Code::Lua(warren::Source {
                name: "bound.lua".into(),
                bytes: returns(1).into_bytes().into(),
            }),
            method: "main".into(),
            host: Some("app:none".into()),
            grants: Default::default(),
        };
        let error = refused(&runtime, Change::new().definition(bound.clone())).await;
        assert_eq!(
            error.to_string(),
            "definition app:bound needs host app:none, which would not be there"
        );
        bound.host = Some("app:h".into());
        apply(&runtime, Change::new().definition(bound)).await;
        let error = refused(&runtime, Change::new().remove_host("app:h")).await;
        assert!(matches!(error, ApplyError::Missing { .. }), "{error}");
        // Together they may go.
        let both = Change::new()
            .remove_host("app:h")
            .remove_definition("app:bound");
        apply(&runtime, both).await;
        let error = refused(&runtime, Change::new().remove_host("app:processes")).await;
        assert!(matches!(error, ApplyError::NotFound { .. }), "{error}");
    });
}

#[test]
fn the_default_host_gets_limits_and_loses_them_again() {
    run(async {
        let runtime = with_host(HostLimits::default()).await;
        let held = runtime.spawn(waits("app:processes")).await.unwrap();
        let change = Change::new().host("app:processes", of_processes(1));
        apply(&runtime, change).await;
        assert_eq!(kind(&runtime, "app:waits").await, Kind::RateLimited);
        let plan = apply(&runtime, Change::new().remove_host("app:processes")).await;
        assert_eq!(
            lines(&plan),
            ["~ host app:processes: max_processes 1 -> 100000"]
        );
        assert!(!held.has_ended());
        runtime.spawn("app:waits").await.unwrap();
    });
}

#[test]
fn a_rollback_brings_a_host_back_and_drains_it_again() {
    run(async {
        let runtime = with_host(of_processes(5)).await;
        apply(&runtime, Change::new().remove_host("app:h")).await;
        let back = in_time(runtime.rollback(GRACE)).await.unwrap();
        assert_eq!(lines(&back.plan), ["+ host app:h"]);
        let process = runtime.spawn(waits("app:h")).await.unwrap();
        let forth = in_time(runtime.rollback(Duration::ZERO)).await.unwrap();
        in_time(forth.settled()).await.unwrap();
        assert!(process.has_ended());
    });
}
