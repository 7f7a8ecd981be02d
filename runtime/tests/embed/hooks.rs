//! Sinks, hooks and authorizers that fail: the processes are not harmed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use warren::security::{Authorizer, Decision, Request, Reuse, Scope};
use warren::{CallError, Error, Kind, Runtime, Sink, Spawn, Stream};

use crate::setup::{builder, run};

/// Waits until neither a task nor a place of a process is left.
async fn is_empty(runtime: &Runtime) {
    let inspector = runtime.inspector();
    loop {
        let totals = inspector.totals();
        if (totals.processes, totals.tasks, totals.places) == (0, 0, 0) {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Judges all processes but `app:asks`, and panics at that one.
struct Panics;

impl Authorizer for Panics {
    fn decide(&self, request: &Request<'_>) -> Decision {
        assert_ne!(&*request.caller.definition, "app:asks", "no answer today");
        Decision {
            allowed: true,
            because: "the test".into(),
            reason: None,
            reuse: Reuse::Subject,
        }
    }

    fn generation(&self) -> u64 {
        0
    }

    fn has_policy(&self, _id: &str) -> bool {
        false
    }

    fn named_scope(&self, _name: &str) -> Option<Scope> {
        None
    }
}

#[test]
fn an_authorizer_that_panics_ends_the_process_that_asks() {
    run(async {
        let runtime = builder()
            .workers(std::num::NonZeroUsize::MIN)
            .lua(
                "app:asks",
                "return function() process.listen('go'):receive() process.registry.register('x') end",
            )
            .lua("app:double", "return function(n) return 2 * n end")
            .authorizer(Arc::new(Panics))
            .start()
            .unwrap();
        let asks = runtime
            .spawn(Spawn::new("app:asks").name("one"))
            .await
            .unwrap();
        let seen = runtime.find("one").unwrap();
        let mut exits = asks.monitor();
        let pid = asks.pid().clone();
        let watcher = runtime
            .spawn_native("app:watcher", move |mut ctx: warren::Context| async move {
                ctx.monitor(&pid)?;
                ctx.register("watcher")?;
                match ctx.event().await? {
                    warren::Event::Exit { outcome, .. } => {
                        match warren::result_of::<()>(&outcome) {
                            Err(CallError::Failed(error)) => Ok(error.to_string()),
                            other => Err(Error::internal(format!("{other:?}"))),
                        }
                    }
                    other => Err(Error::internal(format!("{other:?}"))),
                }
            })
            .await
            .unwrap();
        while runtime.find("watcher").is_err() {
            tokio::task::yield_now().await;
        }
        asks.send("go", ()).unwrap();
        // Every observer is told the same, after the name is free again.
        let told = watcher.result::<String>().await.unwrap();
        assert!(runtime.find("one").is_err());
        for ended in [
            asks.wait().await,
            seen.wait().await,
            exits.next().await.unwrap().ended,
        ] {
            let error = ended.result::<()>().unwrap_err();
            assert_eq!(error.kind(), &Kind::Internal);
            assert_eq!(error.to_string(), told);
        }
        assert!(told.contains("the task of the process panicked"), "{told}");
        // The worker goes on.
        let double = Spawn::new("app:double").arg(4);
        assert_eq!(runtime.exec::<i64>(double).await.unwrap(), 8);
        is_empty(&runtime).await;
        runtime.shutdown(Duration::from_secs(60)).await;
    });
}

#[test]
fn a_hook_that_panics_loses_its_record_and_nothing_else() {
    run(async {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let hook = Arc::clone(&kept);
        let runtime = builder()
            .lua(
                "app:logs",
                "return function() for i = 1, 4 do logger.info(tostring(i)) end return 'done' end",
            )
            .log(move |record| {
                assert_ne!(record.message, "2", "no log today");
                hook.lock().unwrap().push(record.message.to_owned());
            })
            .start()
            .unwrap();
        let result: String = runtime.exec("app:logs").await.unwrap();
        assert_eq!(result, "done");
        runtime.shutdown(Duration::from_secs(60)).await;
        assert_eq!(*kept.lock().unwrap(), ["1", "3", "4"]);
        assert_eq!(runtime.inspector().totals().log_lost, 1);
    });
}

#[test]
fn a_hook_that_blocks_holds_up_nobody_and_what_is_lost_is_told() {
    run(async {
        let (go, held) = std::sync::mpsc::channel::<()>();
        let held = Mutex::new(held);
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        const RECORDS: usize = 20_000;
        let runtime = builder()
            .workers(std::num::NonZeroUsize::MIN)
            .lua(
                "app:logs",
                "return function(n) for _ = 1, n do logger.info(('x'):rep(1000)) end end",
            )
            .lua("app:double", "return function(n) return 2 * n end")
            .log(move |record| {
                // Ends when the other side is dropped.
                let _ = held.lock().unwrap().recv();
                kept.lock().unwrap().push(record.message.to_owned());
            })
            .start()
            .unwrap();
        let logs = Spawn::new("app:logs").arg(RECORDS);
        runtime.exec::<()>(logs).await.unwrap();
        let double = Spawn::new("app:double").arg(4);
        assert_eq!(runtime.exec::<i64>(double).await.unwrap(), 8);
        let lost = runtime.inspector().totals().log_lost;
        assert!(lost > 0);
        assert!(
            runtime
                .metrics()
                .contains(&format!("warren_log_lost_total {lost}\n"))
        );
        drop(go);
        runtime.shutdown(Duration::from_secs(60)).await;
        let told = told.lock().unwrap();
        let lines = told.iter().filter(|line| line.starts_with('x')).count();
        assert_eq!(lines as u64 + lost, RECORDS as u64);
        let notice = format!("log records lost because the log was not read in time: {lost}");
        assert!(told.contains(&notice), "{:?}", told.last());
    });
}

#[test]
fn the_end_does_not_wait_for_a_hook_that_never_returns() {
    run(async {
        let (_held, never) = std::sync::mpsc::channel::<()>();
        let never = Mutex::new(never);
        let runtime = builder()
            .lua("app:logs", "return function() logger.info('x') end")
            .log(move |_| {
                // Ends when the other side is dropped.
                let _ = never.lock().unwrap().recv();
            })
            .start()
            .unwrap();
        runtime.exec::<()>("app:logs").await.unwrap();
        runtime.shutdown(Duration::from_millis(10)).await;
    });
}

/// Panics at the first piece of output.
struct PanicsOnce(Arc<Mutex<u32>>);

impl Sink for PanicsOnce {
    fn write(&mut self, _: Stream, _: &[u8]) {
        *self.0.lock().unwrap() += 1;
        panic!("no output today");
    }
}

#[test]
fn a_sink_that_panics_is_not_called_again_and_holds_nobody_up() {
    run(async {
        let calls = Arc::new(Mutex::new(0));
        let runtime = builder()
            .output(PanicsOnce(Arc::clone(&calls)))
            // More output than fits into the queue.
            .lua(
                "app:prints",
                "return function() for _ = 1, 1000 do print(('x'):rep(1000)) end return 1 end",
            )
            .start()
            .unwrap();
        for _ in 0..2 {
            assert_eq!(runtime.exec::<u8>("app:prints").await.unwrap(), 1);
        }
        runtime.shutdown(Duration::from_secs(60)).await;
        assert_eq!(*calls.lock().unwrap(), 1);
    });
}

#[test]
fn output_is_given_as_the_bytes_that_were_written() {
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);
    impl Sink for Kept {
        fn write(&mut self, _: Stream, bytes: &[u8]) {
            self.0.lock().unwrap().extend_from_slice(bytes);
        }
    }
    run(async {
        let (kept, logged) = (Kept::default(), Arc::new(Mutex::new(Vec::new())));
        let hook = Arc::clone(&logged);
        let runtime = builder()
            .output(kept.clone())
            .log(move |record| hook.lock().unwrap().push(record.message.to_owned()))
            .lua(
                "app:main",
                "return function() print('\\xff\\0\\xc3') logger.info('a\\xffb') return '\\xff' end",
            )
            .start()
            .unwrap();
        let result: warren::Value = runtime.exec("app:main").await.unwrap();
        assert_eq!(result, warren::Value::Bytes(vec![0xff]));
        runtime.shutdown(Duration::ZERO).await;
        assert_eq!(*kept.0.lock().unwrap(), b"\xff\0\xc3\n");
        // A record is text.
        assert_eq!(*logged.lock().unwrap(), ["a\u{fffd}b"]);
    });
}
