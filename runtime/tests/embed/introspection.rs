//! The embedder's view of the processes.

use std::time::{Duration, Instant};

use futures::StreamExt;
use tokio::sync::oneshot;
use warren::introspection::{Change, ProcessDetails, Query, Sort, State};
use warren::security::{Actor, Scope};
use warren::{Context, Error, Inspector, Kind, Outcome, Pid, Runtime, Spawn};

use crate::setup::{builder, run};

/// Returns the view of a process, once a condition holds.
async fn once(
    inspector: &Inspector,
    pid: &Pid,
    holds: impl Fn(&ProcessDetails) -> bool,
) -> ProcessDetails {
    loop {
        let seen = inspector.process(pid).unwrap();
        if holds(&seen) {
            return seen;
        }
        tokio::task::yield_now().await;
    }
}

/// A process with a name, a child, and messages for the child.
const PARENT: &str = "return function()
    local child = assert(process.spawn_linked_monitored('app:child', 'app:small'))
    process.registry.register('parent')
    process.send(child, 'request', 'four')
    process.send(child, 'request', 'more')
    process.send(child, 'unread', 'x')
    process.inbox():receive()
end";

/// A process with names, a refused call, unread messages and links that it traps.
const CHILD: &str = "return function()
    process.set_options{ trap_links = true }
    local requests = process.listen('request')
    process.registry.register('child')
    process.registry.register('also')
    assert(not process.send('nobody', 'x'))
    process.listen('never'):receive()
end";

#[test]
fn one_process_is_seen_with_all_there_is() {
    run(async {
        let runtime = builder()
            .host("app:small", warren::HostLimits::default())
            .lua("app:parent", PARENT)
            .lua("app:child", CHILD)
            .start()
            .unwrap();
        let parent = runtime.spawn("app:parent").await.unwrap();
        let inspector = runtime.inspector();
        while runtime.find("also").is_err() {
            tokio::task::yield_now().await;
        }
        let child = runtime.find("child").unwrap();
        let seen = once(&inspector, child.pid(), |seen| {
            seen.last_error.is_some()
                && seen.process.messages == 3
                && seen.process.state == State::Waiting
                && seen.process.oldest_ms.is_some_and(|oldest| oldest > 0)
        })
        .await;
        let info = &seen.process;
        let mut names = info.names.clone();
        names.sort_unstable();
        assert_eq!(info.pid, *child.pid());
        assert_eq!(info.definition.as_deref(), Some("app:child"));
        assert_eq!(info.host, "app:small");
        assert_eq!(info.parent.as_deref(), Some(parent.pid().as_str()));
        assert_eq!(names, ["also", "child"]);
        assert_eq!((info.links, info.monitors, info.events), (1, 0, 0));
        assert!(info.bytes > 0 && info.memory >= 64 << 10, "{info:?}");
        assert_eq!(info.linked_to, [parent.pid().as_str()]);
        assert!(info.age_ms >= info.oldest_ms.unwrap(), "{info:?}");
        assert_eq!(seen.frame.as_deref(), Some("app:parent#1"));
        assert_eq!(seen.actor, None);
        assert!(seen.trap_links);
        assert_eq!(seen.monitored_by, [parent.pid().as_str()]);
        assert!(seen.last_error.unwrap().contains("nobody"));
        let depths: Vec<_> = seen
            .queues
            .iter()
            .map(|queue| (&*queue.name, queue.messages))
            .collect();
        assert_eq!(depths, [("@unclaimed", 1), ("request", 2), ("never", 0)]);
        child.cancel(Some(Duration::from_secs(3_600))).unwrap();
        let seen = inspector.process("child").unwrap();
        assert!(
            seen.ends_within_ms.is_some_and(|left| left > 3_000_000),
            "{seen:?}"
        );
        let seen = inspector.process(parent.pid()).unwrap();
        assert_eq!(seen.monitoring, [child.pid().as_str()]);
        assert_eq!((seen.process.links, seen.process.monitors), (1, 1));

        let gone = inspector.process("nobody").unwrap_err();
        assert_eq!(gone.kind, Kind::NotFound);
        assert_eq!(inspector.process("").unwrap_err().kind, Kind::Invalid);
    });
}

#[test]
fn the_actor_of_a_process_is_shown() {
    run(async {
        let runtime = builder()
            .lua("app:waiter", "process.inbox():receive()")
            .start()
            .unwrap();
        let waiter = Spawn::new("app:waiter")
            .actor(Actor::new("ada", &Default::default()))
            .scope(Scope { policies: vec![] });
        let waiter = runtime.spawn(waiter).await.unwrap();
        let seen = runtime.inspector().process(waiter.pid()).unwrap();
        assert_eq!(seen.actor.as_deref(), Some("ada"));
        assert_eq!(seen.process.parent, None, "the embedder has no PID");
    });
}

#[test]
fn age_counts_from_the_start_or_the_send_however_long_nothing_ran_before() {
    run(async {
        let runtime = builder().start().unwrap();
        let inspector = runtime.inspector();
        let age = |pid: &Pid| inspector.process(pid).unwrap().process.age_ms;
        let oldest = |pid: &Pid| inspector.process(pid).unwrap().process.oldest_ms.unwrap();
        let idle = || tokio::time::sleep(Duration::from_millis(100));
        let ms = |since: Instant| u64::try_from(since.elapsed().as_millis()).unwrap() + 1;
        let (go, wait) = oneshot::channel();
        idle().await;
        let before = Instant::now();
        let waiter =
            runtime.spawn_native("app:waiter", |_| std::future::pending::<Result<(), _>>());
        let waiter = waiter.await.unwrap();
        let seen = age(waiter.pid());
        assert!(seen <= ms(before), "{seen}");
        idle().await;
        let before = Instant::now();
        waiter.send("to", 1).unwrap();
        let seen = oldest(waiter.pid());
        assert!(seen <= ms(before), "{seen}");

        let receiver =
            runtime.spawn_native("app:receiver", |_| std::future::pending::<Result<(), _>>());
        let receiver = receiver.await.unwrap();
        let to = receiver.pid().clone();
        let sender = runtime.spawn_native("app:sender", |mut ctx: Context| async move {
            wait.await.ok();
            Ok(ctx.send(&to, "to", 1)?)
        });
        let sender = sender.await.unwrap();
        idle().await;
        let before = Instant::now();
        go.send(()).unwrap();
        sender.result::<()>().await.unwrap();
        let seen = oldest(receiver.pid());
        assert!(seen <= ms(before), "{seen}");
    });
}

#[test]
fn a_running_process_is_charged_and_comes_first() {
    run(async {
        let runtime = builder()
            .lua("app:waiter", "process.inbox():receive()")
            .lua("app:loop", "while true do end")
            .start()
            .unwrap();
        for _ in 0..3 {
            runtime.spawn("app:waiter").await.unwrap();
        }
        let looping = runtime.spawn("app:loop").await.unwrap();
        let inspector = runtime.inspector();
        let seen = once(&inspector, looping.pid(), |seen| {
            seen.process.cpu_ms >= 20 && seen.process.load > 0.0
        });
        let seen = seen.await;
        assert!(seen.process.cpu_ms <= seen.process.age_ms + 10, "{seen:?}");
        let listing = |query: Query| inspector.processes(&query);
        for sort in [Sort::Cpu, Sort::Load] {
            // The starts of the others count as well, until the loop has used more.
            loop {
                let first = listing(Query {
                    sort,
                    limit: 1,
                    ..Query::default()
                });
                assert_eq!(first.matched, 4);
                if first.processes[0].pid == *looping.pid() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let only = Query {
            text: Some("wait".to_owned()),
            ..Query::default()
        };
        assert_eq!(listing(only).processes.len(), 3);
        let nowhere = Query {
            host: Some("app:nowhere".to_owned()),
            ..Query::default()
        };
        assert_eq!(listing(nowhere).processes.len(), 0);
        let totals = inspector.totals();
        assert_eq!((totals.processes, totals.spawned), (4, 4));
        assert_eq!(totals.states.iter().sum::<usize>(), 4);
        assert_eq!(totals.hosts[0].processes, 4);
        looping.terminate().unwrap();
        looping.wait().await;
        assert_eq!(inspector.totals().terminated, 1);
    });
}

/// Returns an event's kind and process.
fn told(change: &Change) -> (&'static str, String) {
    match change {
        Change::Started { definition, .. } => {
            ("started", definition.as_deref().unwrap_or("-").into())
        }
        Change::Ended { outcome, .. } => match &**outcome {
            Outcome::Returned(_) => ("returned", String::new()),
            Outcome::Failed(error) => ("failed", error.message.clone()),
        },
        Change::Named { name, .. } => ("named", name.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn events_are_a_stream_that_ends_with_the_runtime() {
    run(async {
        let runtime = builder()
            .lua(
                "app:waiter",
                "return function() process.inbox():receive() end",
            )
            .start()
            .unwrap();
        let changes = runtime.inspector().observe(100);
        let waiter = runtime
            .spawn(Spawn::new("app:waiter").name("one"))
            .await
            .unwrap();
        waiter.send("go", ()).unwrap();
        waiter.wait().await;
        runtime.spawn("app:waiter").await.unwrap();
        // Handles and inspectors do not keep the runtime going.
        let inspector = runtime.inspector();
        drop(runtime);
        let changes: Vec<_> = changes.map(|change| told(&change)).collect().await;
        let expected = [
            ("started", "app:waiter"),
            ("named", "one"),
            ("returned", ""),
            ("started", "app:waiter"),
            ("failed", "process terminated"),
        ];
        assert_eq!(
            changes,
            expected.map(|(what, whom)| (what, whom.to_owned()))
        );
        assert_eq!(inspector.observe(1).next().await, None);
        assert_eq!(waiter.send("go", ()).unwrap_err().kind(), &Kind::NotFound);
    });
}

#[test]
fn a_shutdown_ends_the_stream_even_where_nothing_ever_ran() {
    run(async {
        let runtime = builder().start().unwrap();
        let mut changes = runtime.inspector().observe(1);
        let reader = tokio::spawn(async move { changes.next().await });
        runtime.shutdown(Duration::ZERO).await;
        assert_eq!(reader.await.unwrap(), None);
    });
}

#[test]
fn a_slow_observer_misses_events_and_holds_nobody_up() {
    run(async {
        let runtime: Runtime = builder()
            .native("app:nothing", |_: Context| async { Ok::<_, Error>(()) })
            .start()
            .unwrap();
        let mut slow = runtime.inspector().observe(3);
        for _ in 0..100 {
            runtime.exec::<()>("app:nothing").await.unwrap();
        }
        runtime.shutdown(Duration::ZERO).await;
        let mut seen = Vec::new();
        while let Some(change) = slow.next().await {
            seen.push(change);
        }
        assert_eq!(seen.len(), 4);
        assert_eq!(seen[3], Change::Missed(197));
    });
}

/// Processes that nobody can end one by one: a chain, each of which starts the next
/// and ends, and one that starts copies until it is refused, and again.
const CHAIN: &str = "return function(where)
    process.spawn('app:chain', where, where)
end";
const BOMB: &str = "return function()
    while true do process.spawn('app:bomb', 'app:wild') end
end";
const ECHO: &str = "return function(value) return value end";

fn wild() -> Runtime {
    let few = || warren::HostLimits::default().max_processes(50);
    builder()
        .host("app:wild", few())
        .host("app:other", few())
        .host("app:tame", few())
        .lua("app:chain", CHAIN)
        .lua("app:bomb", BOMB)
        .lua("app:echo", ECHO)
        .lua(
            "app:waits",
            "return function() process.listen('x'):receive() end",
        )
        .start()
        .unwrap()
}

fn living(runtime: &Runtime, host: &str) -> usize {
    let query = Query {
        host: Some(host.to_owned()),
        ..Query::default()
    };
    runtime.inspector().processes(&query).matched
}

#[test]
fn a_host_is_emptied_whatever_its_processes_start() {
    run(async {
        let runtime = wild();
        let inspector = runtime.inspector();
        for round in 0..20 {
            let bystander = runtime
                .spawn(Spawn::new("app:waits").host("app:tame"))
                .await
                .unwrap();
            let chain = Spawn::new("app:chain").host("app:wild");
            runtime.spawn(chain.arg("app:wild")).await.unwrap();
            let started = inspector.totals().spawned;
            while inspector.totals().spawned < started + 20 {
                tokio::task::yield_now().await;
            }
            if round % 2 == 1 {
                // Refused where the chain takes the last place.
                let bomb = Spawn::new("app:bomb").host("app:wild");
                runtime.spawn(bomb).await.unwrap();
                while living(&runtime, "app:wild") < 40 {
                    tokio::task::yield_now().await;
                }
            }
            inspector
                .terminate_hosts(&["app:wild"])
                .unwrap()
                .wait()
                .await;
            let (left, spawned) = (living(&runtime, "app:wild"), inspector.totals().spawned);
            // A process that was left would have started others meanwhile.
            let echo = Spawn::new("app:echo").host("app:tame").arg(round);
            assert_eq!(runtime.exec::<i32>(echo).await.unwrap(), round);
            assert_eq!((left, living(&runtime, "app:wild")), (0, 0));
            assert_eq!(inspector.totals().spawned, spawned + 1);
            // The other host has not noticed, and this one takes processes again.
            assert!(!bystander.has_ended());
            bystander.terminate().unwrap();
            bystander.wait().await;
            let again = Spawn::new("app:echo").host("app:wild").arg(1);
            assert_eq!(runtime.exec::<i32>(again).await.unwrap(), 1);
        }
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn processes_that_start_each_other_in_two_hosts_end_with_both() {
    run(async {
        let runtime = wild();
        let inspector = runtime.inspector();
        for (from, to) in [("app:wild", "app:other"), ("app:other", "app:wild")] {
            let chain = Spawn::new("app:chain").host(from);
            runtime.spawn(chain.arg(to)).await.unwrap();
        }
        let ending = inspector
            .terminate_hosts(&["app:wild", "app:other"])
            .unwrap();
        ending.wait().await;
        assert_eq!(runtime.live(), 0);
        let missing = inspector.terminate_hosts(&["app:wild", "app:none"]);
        assert_eq!(missing.unwrap_err().kind, Kind::NotFound);
        runtime.shutdown(Duration::ZERO).await;
    });
}

#[test]
fn a_host_refuses_processes_until_the_last_has_ended() {
    run(async {
        let runtime = wild();
        let inspector = runtime.inspector();
        let waits = || Spawn::new("app:waits").host("app:wild");
        let process = runtime.spawn(waits()).await.unwrap();
        let hour = Duration::from_secs(3_600);
        let mut ending = inspector.cancel_hosts(&["app:wild"], hour).unwrap();
        assert_eq!(ending.processes(), 1);
        assert!(!ending.wait_for(Duration::from_millis(1)).await);
        let refused = runtime.spawn(waits()).await.unwrap_err();
        assert_eq!(refused.kind(), &Kind::Unavailable);
        assert!(refused.to_string().contains("app:wild"), "{refused}");
        assert!(!process.has_ended(), "it does not read events");
        // Nobody has to wait for it to go on.
        drop(ending);
        assert!(runtime.spawn(waits()).await.is_err());
        inspector
            .terminate_hosts(&["app:wild"])
            .unwrap()
            .wait()
            .await;
        assert!(process.has_ended());
        // The first of the two has noticed, or will.
        let next = loop {
            match runtime.spawn(waits()).await {
                Ok(next) => break next,
                Err(error) => assert_eq!(error.kind(), &Kind::Unavailable),
            }
            tokio::task::yield_now().await;
        };
        next.terminate().unwrap();
        runtime.shutdown(Duration::ZERO).await;
    });
}
