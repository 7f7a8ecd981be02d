//! The life of a process that the embedder starts.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::SelectAll;
use serde::{Deserialize, Serialize};
use warren::{CallError, Kind, Runtime, Spawn, Value};

use crate::setup::{builder, run};

const WAITER: &str = "process.inbox():receive()";

fn waiting() -> Runtime {
    builder().lua("app:waiter", WAITER).start().unwrap()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    item: String,
    count: u32,
}

#[test]
fn values_of_any_type_go_in_and_out() {
    run(async {
        let source = "return function(order, more)
            order.count = order.count + more
            return order
        end";
        let runtime = builder().lua("app:main", source).start().unwrap();
        let order = Order {
            item: "tea".into(),
            count: 1,
        };
        let spawn = Spawn::new("app:main").args((order, 2));
        let more: Order = runtime.exec(spawn).await.unwrap();
        assert_eq!(more.count, 3);
    });
}

#[test]
fn a_process_starts_with_name_context_and_messages() {
    run(async {
        let source = "return function()
            local jobs = process.listen('job')
            return { jobs:receive(), jobs:receive(), ctx.get('tenant'),
                     process.registry.lookup('worker') == process.pid() }
        end";
        let runtime = builder().lua("app:main", source).start().unwrap();
        let spawn = Spawn::new("app:main")
            .name("worker")
            .context("tenant", "acme")
            .message("job", 1)
            .message("job", 2);
        let (first, second, tenant, named): (u8, u8, String, bool) =
            runtime.exec(spawn).await.unwrap();
        assert_eq!((first, second, &*tenant, named), (1, 2, "acme", true));
    });
}

#[test]
fn the_error_of_a_process_arrives_intact() {
    run(async {
        let source = "return function()
            return nil, errors.new{ message = 'sold out', kind = errors.CONFLICT,
                                    retryable = true, details = { left = 0 } }
        end";
        let runtime = builder().lua("app:main", source).start().unwrap();
        let Err(CallError::Failed(error)) = runtime.exec::<()>("app:main").await else {
            panic!("it fails");
        };
        assert_eq!(
            (&error.kind, &*error.message),
            (&Kind::Conflict, "sold out")
        );
        assert_eq!(error.retryable, Some(true));
        let details: std::collections::BTreeMap<String, u8> =
            warren::error_details(&error).unwrap();
        assert_eq!(details["left"], 0);
    });
}

#[test]
fn a_codec_error_names_the_value() {
    run(async {
        let runtime = builder().lua("app:main", "return 'text'").start().unwrap();
        let error = runtime
            .spawn(Spawn::new("app:main").arg(u64::MAX))
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            CallError::Value {
                what: "the arguments",
                ..
            }
        ));
        assert_eq!(runtime.live(), 0);
        let source = "return function() return 'text' end";
        let runtime = builder().lua("app:main", source).start().unwrap();
        let error = runtime.exec::<u8>("app:main").await.unwrap_err();
        assert!(
            matches!(
                error,
                CallError::Value {
                    what: "the result",
                    ..
                }
            ),
            "{error}"
        );
        let error = runtime.spawn("app:nothing").await.unwrap_err();
        assert_eq!(error.kind(), &Kind::NotFound);
        let error = runtime
            .spawn(Spawn::new("app:main").linked())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), &Kind::Invalid);
    });
}

#[test]
fn an_end_is_told_to_whoever_waits_and_as_often() {
    run(async {
        let runtime = waiting();
        let handle = runtime.spawn("app:waiter").await.unwrap();
        let found = runtime.find(handle.pid()).unwrap();
        let (again, monitor) = (handle.clone(), found.monitor());
        assert!(!handle.has_ended());
        handle.send("go", ()).unwrap();
        handle.wait().await.result::<()>().unwrap();
        again.wait().await.result::<()>().unwrap();
        found.result::<()>().await.unwrap();
        let exits: Vec<_> = monitor.collect().await;
        assert_eq!(exits.len(), 1);
        assert_eq!(exits[0].pid, *handle.pid());
        assert!(handle.has_ended());
        let gone = runtime.find(handle.pid()).unwrap_err();
        assert_eq!(gone.kind, Kind::NotFound);
        let gone = handle.send("go", ()).unwrap_err();
        assert_eq!(gone.kind(), &Kind::NotFound);
    });
}

#[test]
fn many_ends_are_one_stream() {
    run(async {
        let runtime = waiting();
        let mut ends = SelectAll::new();
        let mut handles = Vec::new();
        for _ in 0..10 {
            let handle = runtime.spawn("app:waiter").await.unwrap();
            ends.push(handle.monitor());
            handles.push(handle);
        }
        for handle in handles.iter().rev() {
            handle.terminate().unwrap();
            let exit = ends.next().await.unwrap();
            assert_eq!(exit.pid, *handle.pid());
        }
        assert!(ends.next().await.is_none());
    });
}

#[test]
fn a_process_is_found_by_its_name() {
    run(async {
        let source = "return (process.listen('go'):receive())";
        let source = format!("return function() {source} end");
        let runtime = builder().lua("app:main", source).start().unwrap();
        let handle = runtime.spawn("app:main").await.unwrap();
        runtime.register("the one", &handle).unwrap();
        assert_eq!(runtime.find("the one").unwrap().pid(), handle.pid());
        runtime.send("the one", "go", "now").unwrap();
        assert_eq!(handle.result::<String>().await.unwrap(), "now");
        assert!(!runtime.unregister("the one").unwrap());
    });
}

#[test]
fn a_deadline_ends_a_loop_and_terminate_too() {
    run(async {
        let runtime = builder()
            .lua("app:loop", "while true do end")
            .start()
            .unwrap();
        let handle = runtime.spawn("app:loop").await.unwrap();
        handle.cancel(Some(Duration::from_millis(10))).unwrap();
        let error = handle.result::<()>().await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Canceled);
        let handle = runtime.spawn("app:loop").await.unwrap();
        handle.terminate().unwrap();
        assert_eq!(
            handle.result::<()>().await.unwrap_err().kind(),
            &Kind::Canceled
        );
    });
}

#[test]
fn a_dropped_exec_ends_its_process() {
    run(async {
        let runtime = waiting();
        let named = Spawn::new("app:waiter").name("callee");
        let callee = tokio::select! {
            biased;
            ended = runtime.exec::<()>(named) => panic!("nobody woke it: {ended:?}"),
            callee = async {
                loop {
                    match runtime.find("callee") {
                        Ok(callee) => break callee,
                        Err(_) => tokio::task::yield_now().await,
                    }
                }
            } => callee,
        };
        let error = callee.result::<()>().await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Canceled);
    });
}

#[test]
fn after_shutdown_nothing_is_started() {
    run(async {
        let source = "process.events():receive() return 'asked'";
        let source = format!("return function() {source} end");
        let runtime = builder()
            .lua("app:polite", source)
            .lua("app:waiter", WAITER)
            .start()
            .unwrap();
        let polite = runtime.spawn(Spawn::new("app:polite")).await.unwrap();
        let waiter = runtime.spawn("app:waiter").await.unwrap();
        // The process reads events once it has answered, so it is asked to end.
        let both = async { (polite.wait().await, waiter.wait().await) };
        let (asked, ended) = tokio::join!(both, runtime.shutdown(Duration::from_secs(60))).0;
        assert_eq!(ended.result::<()>().unwrap_err().kind(), &Kind::Canceled);
        // Succeeds only if the process had opened its events when it was asked.
        let asked = asked.result::<String>();
        assert!(asked.is_ok_and(|said| said == "asked") || polite.has_ended());
        let error = runtime.spawn("app:waiter").await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Unavailable);
    });
}

#[test]
fn a_list_is_one_argument_or_as_many_as_it_has_elements() {
    run(async {
        let source = "return function(...) return { select('#', ...), type((...)) } end";
        let runtime = builder().lua("app:main", source).start().unwrap();
        let list = vec![1, 2];
        let main = || Spawn::new("app:main");
        for (spawn, expected) in [
            (main(), (0, "nil")),
            (main().args(()), (0, "nil")),
            (main().arg(()), (1, "nil")),
            (main().arg(&list), (1, "table")),
            (main().arg([1, 2]), (1, "table")),
            (main().arg((1, 2)), (1, "table")),
            (main().args(&list), (2, "number")),
            (main().args([1, 2]), (2, "number")),
            (main().args((1, 2)), (2, "number")),
            (main().arg("a").args((1, 2)).arg(&list), (4, "string")),
        ] {
            let (count, first): (i64, String) = runtime.exec(spawn).await.unwrap();
            assert_eq!((count, &*first), expected);
        }
    });
}

#[test]
fn arguments_whose_number_is_known_late_nest_as_deep_as_others() {
    run(async {
        let source = "return function(...)
            local depth, value = 0, (...)
            while type(value) == 'table' do depth, value = depth + 1, value[1] end
            return { select('#', ...), depth }
        end";
        let runtime = builder().lua("app:main", source).start().unwrap();
        let nested = |depth| (0..depth).fold(Value::Nil, |value, _| Value::Array(vec![value]));
        for list in [vec![], vec![nested(100), Value::Nil]] {
            let spawn = Spawn::new("app:main").args(&list);
            let seen: (usize, usize) = runtime.exec(spawn).await.unwrap();
            let depth = if list.is_empty() { 0 } else { 100 };
            assert_eq!(seen, (list.len(), depth));
        }
        let spawn = Spawn::new("app:main").args([nested(101)]);
        let error = runtime.exec::<()>(spawn).await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Invalid);
    });
}
