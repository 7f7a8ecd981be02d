//! Changes beside spawns, upgrades, other changes and the end of the runtime.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use warren::app::Policies;
use warren::security::{Actor, Identity, Scope};
use warren::{ApplyError, CallError, Change, HostLimits, Kind, Runtime, Spawn};

use super::{GRACE, WAITS, apply, result, returns, start};
use crate::setup::{builder, in_time, run};

/// Returns the numbers of the versions of its code, of a module and of its actor.
fn version(n: i64) -> Change {
    let code = format!(
        "return function()
            return {{ {n}, require('m'), tonumber(security.actor():id()) }}
        end"
    );
    let identity = Identity {
        actor: Some(Arc::new(Actor::new(n.to_string(), &BTreeMap::new()))),
        scope: None,
    };
    Change::new()
        .lua("app:versions", code)
        .module("m", format!("return {n}"))
        .definition_identity("app:versions", identity)
}

#[test]
fn no_process_sees_some_of_each_version() {
    run(async {
        let policies = Policies::of([("nothing", "")]).unwrap();
        let runtime = builder().policies(Arc::new(policies)).start().unwrap();
        apply(&runtime, version(1)).await;
        let is_done = Arc::new(AtomicBool::new(false));
        let spawning: Vec<_> = (0..3)
            .map(|_| {
                let (runtime, is_done) = (runtime.clone(), Arc::clone(&is_done));
                tokio::spawn(async move {
                    let (mut last, mut changes) = (0, 0);
                    while !is_done.load(Ordering::SeqCst) {
                        let seen: (i64, i64, i64) = runtime.exec("app:versions").await.unwrap();
                        assert!(seen.0 == seen.1 && seen.1 == seen.2, "{seen:?}");
                        assert!(seen.0 >= last, "{} after {last}", seen.0);
                        changes += i32::from(seen.0 > last);
                        last = seen.0;
                    }
                    changes
                })
            })
            .collect();
        for n in 2..100 {
            apply(&runtime, version(n)).await;
        }
        is_done.store(true, Ordering::SeqCst);
        let mut changes = 0;
        for spawning in spawning {
            changes += in_time(spawning).await.unwrap();
        }
        assert!(changes > 3, "spawns ran beside the changes");
    });
}

#[test]
fn a_permission_belongs_to_the_code_it_came_with() {
    /// Odd versions have code that is forbidden, even ones code that is permitted.
    fn version(n: i64) -> Change {
        let policy = match n % 2 {
            0 => "permit (principal, action, resource);",
            _ => "",
        };
        Change::new()
            .lua("app:code", returns(n))
            .policy("starts", policy)
    }
    run(async {
        let policies = Policies::of([]).unwrap();
        let starts = "return function()
            local code, err = process.exec('app:code', 'app:processes')
            return code or (err:kind() == errors.PERMISSION_DENIED and 0 or -1)
        end";
        let runtime = builder()
            .policies(Arc::new(policies))
            .lua("app:starts", starts)
            .start()
            .unwrap();
        apply(&runtime, version(2)).await;
        let is_done = Arc::new(AtomicBool::new(false));
        let spawning = {
            let (runtime, is_done) = (runtime.clone(), Arc::clone(&is_done));
            tokio::spawn(async move {
                while !is_done.load(Ordering::SeqCst) {
                    let scope = Scope {
                        policies: vec!["starts".to_owned()],
                    };
                    let spawn = Spawn::new("app:starts").scope(scope);
                    let code: i64 = runtime.exec(spawn).await.unwrap();
                    assert!(code >= 0 && code % 2 == 0, "forbidden code {code} ran");
                }
            })
        };
        for n in 3..150 {
            apply(&runtime, version(n)).await;
        }
        is_done.store(true, Ordering::SeqCst);
        in_time(spawning).await.unwrap();
    });
}

#[test]
fn a_spawn_beside_the_removal_of_its_host_runs_and_is_drained_or_is_refused() {
    run(async {
        let runtime = start();
        apply(&runtime, Change::new().lua("app:waits", WAITS)).await;
        for _ in 0..100 {
            let host = Change::new().host("app:h", HostLimits::default());
            apply(&runtime, host).await;
            let spawning = {
                let runtime = runtime.clone();
                tokio::spawn(async move {
                    let mut started = Vec::new();
                    loop {
                        match runtime.spawn(Spawn::new("app:waits").host("app:h")).await {
                            Ok(process) => started.push(process),
                            Err(error) => {
                                assert_eq!(error.kind(), &Kind::NotFound, "{error}");
                                return started;
                            }
                        }
                    }
                })
            };
            tokio::task::yield_now().await;
            let gone = Change::new().remove_host("app:h").grace(Duration::ZERO);
            apply(&runtime, gone).await;
            for process in in_time(spawning).await.unwrap() {
                in_time(process.wait()).await;
            }
            assert_eq!(runtime.live(), 0);
        }
    });
}

#[test]
fn an_upgrade_beside_changes_takes_one_version() {
    run(async {
        let runtime = start();
        let change = |n: i64| {
            let code = format!(
                "return function(left)
                    assert(require('m') == {n})
                    if left == 0 then return {n} end
                    assert(process.upgrade(nil, left - 1))
                end"
            );
            Change::new()
                .lua("app:upgrades", code)
                .module("m", format!("return {n}"))
        };
        apply(&runtime, change(1)).await;
        let upgrading: Vec<_> = (0..4)
            .map(|_| {
                let runtime = runtime.clone();
                let upgrades = Spawn::new("app:upgrades").arg(200);
                tokio::spawn(async move { runtime.exec::<i64>(upgrades).await })
            })
            .collect();
        let mut n = 1;
        while !upgrading.iter().all(|upgrading| upgrading.is_finished()) {
            n += 1;
            apply(&runtime, change(n)).await;
        }
        for upgrading in upgrading {
            let last = in_time(upgrading).await.unwrap().unwrap();
            assert!((1..=n).contains(&last));
        }
    });
}

#[test]
fn changes_at_the_same_time_are_applied_one_after_the_other() {
    const CHANGES: u64 = 20;
    run(async {
        let runtime = start();
        let changing: Vec<_> = (0..CHANGES)
            .map(|n| {
                let runtime = runtime.clone();
                tokio::spawn(async move {
                    let change = Change::new().lua(format!("app:n{n}"), returns(n as i64));
                    runtime.apply(change).await.unwrap().version
                })
            })
            .collect();
        let mut versions = Vec::new();
        for changing in changing {
            versions.push(in_time(changing).await.unwrap());
        }
        versions.sort_unstable();
        assert_eq!(versions, (2..CHANGES + 2).collect::<Vec<_>>());
        for n in 0..CHANGES {
            let n = n as i64;
            assert_eq!(super::exec(&runtime, &format!("app:n{n}")).await, n);
        }
    });
}

#[test]
fn a_change_beside_the_end_of_the_runtime_is_applied_or_refused() {
    run(async {
        for _ in 0..20 {
            let runtime = start();
            apply(&runtime, Change::new().lua("app:waits", WAITS)).await;
            let waits = runtime.spawn("app:waits").await.unwrap();
            let changing = {
                let runtime = runtime.clone();
                tokio::spawn(async move {
                    for n in 0.. {
                        let change = Change::new()
                            .lua("app:n", returns(n))
                            .host(format!("app:h{n}"), HostLimits::default());
                        match runtime.apply(change).await {
                            Ok(applied) => drop(applied),
                            Err(error) => return error,
                        }
                    }
                    unreachable!("it counts to the end of the runtime")
                })
            };
            tokio::task::yield_now().await;
            in_time(runtime.shutdown(Duration::ZERO)).await;
            let error = in_time(changing).await.unwrap();
            assert!(
                matches!(error, ApplyError::Ending(_) | ApplyError::Code(_)),
                "{error}"
            );
            assert!(waits.has_ended());
            assert_eq!(runtime.live(), 0);
            assert!(in_time(runtime.rollback(GRACE)).await.is_err());
        }
    });
}

#[test]
fn a_change_that_is_dropped_changes_nothing_or_all() {
    run(async {
        let runtime = start();
        apply(&runtime, Change::new().lua("app:n", returns(0))).await;
        let mut applied = 0;
        for n in 1..200 {
            let change = Change::new()
                .lua("app:n", returns(n))
                .module("m", format!("return {n}"))
                .host("app:h", HostLimits::default());
            let wait = Duration::from_micros((n as u64 % 50) * 20);
            let before = runtime.version();
            let done = tokio::time::timeout(wait, runtime.apply(change)).await;
            let expected = match done {
                Ok(done) => {
                    drop(done.unwrap());
                    applied = n;
                    before + 1
                }
                Err(_) => before,
            };
            assert_eq!(runtime.version(), expected);
            assert_eq!(super::exec(&runtime, "app:n").await, applied);
        }
        let waits = Change::new().lua("app:waits", WAITS);
        apply(&runtime, waits).await;
        let waits = runtime.spawn("app:waits").await.unwrap();
        waits.send("go", 1).unwrap();
        assert_eq!(result(&waits).await, 1);
    });
}

#[test]
fn refused_spawns_beside_changes_are_not_found_and_nothing_else() {
    run(async {
        let runtime = start();
        let is_done = Arc::new(AtomicBool::new(false));
        let spawning = {
            let (runtime, is_done) = (Runtime::clone(&runtime), Arc::clone(&is_done));
            tokio::spawn(async move {
                let (mut ran, mut refused) = (0, 0);
                while !is_done.load(Ordering::SeqCst) {
                    match runtime.exec::<i64>("app:comes").await {
                        Ok(n) => ran += i32::from(n == 1),
                        Err(CallError::Refused(error)) if error.kind == Kind::NotFound => {
                            refused += 1;
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
                (ran, refused)
            })
        };
        for _ in 0..100 {
            apply(&runtime, Change::new().lua("app:comes", returns(1))).await;
            apply(&runtime, Change::new().remove_definition("app:comes")).await;
        }
        is_done.store(true, Ordering::SeqCst);
        let (ran, refused) = in_time(spawning).await.unwrap();
        assert!(ran + refused > 0);
    });
}
