//! The end of a runtime, at any time and more than once.

use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use warren::{Context, Error, Event, Kind, Runtime, Spawn};

use crate::setup::{builder, in_time, run};

const WAITER: &str = "return function() process.inbox():receive() end";

#[test]
fn any_number_of_shutdowns_is_one() {
    run(async {
        let runtime = builder().lua("app:waiter", WAITER).start().unwrap();
        for _ in 0..10 {
            runtime.spawn("app:waiter").await.unwrap();
        }
        let again = runtime.clone();
        let second = tokio::spawn(async move { again.shutdown(Duration::ZERO).await });
        tokio::join!(
            runtime.shutdown(Duration::MAX),
            runtime.shutdown(Duration::ZERO)
        );
        second.await.unwrap();
        runtime.shutdown(Duration::MAX).await;
        assert_eq!(runtime.live(), 0);
        // The process can still be looked at.
        assert!(
            runtime
                .metrics()
                .contains("warren_exits_total{outcome=\"terminated\"} 10\n")
        );
    });
}

#[test]
fn a_spawn_during_a_shutdown_is_refused_or_ends_with_the_others() {
    run(async {
        for _ in 0..20 {
            let runtime = builder()
                .lua("app:waiter", WAITER)
                .native("app:native", |mut ctx: Context| async move {
                    ctx.message().await.map(drop)
                })
                .start()
                .unwrap();
            let (first, has_first) = oneshot::channel();
            let spawning = runtime.clone();
            let spawning = tokio::spawn(async move {
                let (mut first, mut handles) = (Some(first), Vec::new());
                loop {
                    for id in ["app:waiter", "app:native"] {
                        match spawning.spawn(id).await {
                            Ok(handle) => handles.push(handle),
                            Err(error) if error.kind() == &Kind::RateLimited => {}
                            Err(error) => return (error, handles),
                        }
                    }
                    if let Some(first) = first.take() {
                        first.send(()).unwrap();
                    }
                }
            });
            has_first.await.unwrap();
            runtime.shutdown(Duration::ZERO).await;
            let (error, handles) = spawning.await.unwrap();
            assert_eq!(error.kind(), &Kind::Unavailable, "{error}");
            for handle in handles {
                assert!(handle.has_ended());
                assert!(handle.result::<()>().await.is_err());
            }
            assert_eq!(runtime.live(), 0);
        }
    });
}

#[test]
fn native_code_that_does_not_listen_ends_where_it_waits() {
    run(async {
        let runtime = builder().start().unwrap();
        let deaf = |mut ctx: Context| async move {
            ctx.register("deaf")?;
            // The process asks for events, and ignores them.
            loop {
                if let Event::Cancel { .. } = ctx.event().await? {
                    std::future::pending::<()>().await;
                }
            }
            #[expect(unreachable_code, reason = "its type")]
            Ok(())
        };
        let deaf = runtime.spawn_native("app:deaf", deaf).await.unwrap();
        while runtime.find("deaf").is_err() {
            tokio::task::yield_now().await;
        }
        runtime.shutdown(Duration::from_millis(5)).await;
        let error = deaf.result::<()>().await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Canceled);
    });
}

#[test]
fn a_shutdown_waits_for_native_code_that_blocks() {
    run(async {
        let runtime = builder().start().unwrap();
        let (begun, has_begun) = oneshot::channel();
        let (let_go, wait) = mpsc::channel::<()>();
        let native = runtime
            .spawn_native("app:blocks", |_| async move {
                begun.send(()).ok();
                // Blocks its thread, as no async function should.
                wait.recv().ok();
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        has_begun.await.unwrap();
        let shutdown = runtime.shutdown(Duration::ZERO);
        let late = tokio::time::timeout(Duration::from_millis(50), shutdown).await;
        assert!(late.is_err());
        assert!(!native.has_ended());
        let_go.send(()).unwrap();
        runtime.shutdown(Duration::ZERO).await;
        assert!(native.has_ended());
    });
}

#[test]
fn a_process_may_end_the_runtime_it_lives_in() {
    run(async {
        let runtime = builder().lua("app:waiter", WAITER).start().unwrap();
        let waiter = runtime.spawn("app:waiter").await.unwrap();
        let own = runtime.clone();
        let native = runtime
            .spawn_native("app:ends", move |_| async move {
                // The runtime ends with the others, and this call waits no
                // longer.
                own.shutdown(Duration::from_secs(60)).await;
                Ok::<_, Error>(())
            })
            .await
            .unwrap();
        assert!(native.result::<()>().await.is_err());
        assert!(waiter.result::<()>().await.is_err());
        in_time(runtime.shutdown(Duration::from_secs(60))).await;
    });
}

#[test]
fn the_last_clone_may_go_within_a_process() {
    run(async {
        let runtime = builder().lua("app:waiter", WAITER).start().unwrap();
        let waiter = runtime.spawn("app:waiter").await.unwrap();
        let (sender, receiver) = oneshot::channel::<Runtime>();
        let native = runtime
            .spawn_native("app:last", |_| async move {
                drop(receiver.await);
                std::future::pending::<Result<(), Error>>().await
            })
            .await
            .unwrap();
        assert!(sender.send(runtime).is_ok());
        assert!(native.result::<()>().await.is_err());
        assert!(waiter.result::<()>().await.is_err());
    });
}

#[test]
fn handles_that_outlive_the_runtime_find_it_gone() {
    run(async {
        let runtime = builder().lua("app:waiter", WAITER).start().unwrap();
        let waiter = runtime
            .spawn(Spawn::new("app:waiter").name("one"))
            .await
            .unwrap();
        let inspector = runtime.inspector();
        drop(runtime);
        assert!(waiter.wait().await.result::<()>().is_err());
        assert_eq!(waiter.send("go", ()).unwrap_err().kind(), &Kind::NotFound);
        assert_eq!(waiter.terminate().unwrap_err().kind, Kind::NotFound);
        assert_eq!(waiter.cancel(None).unwrap_err().kind, Kind::NotFound);
        assert_eq!(inspector.process("one").unwrap_err().kind, Kind::NotFound);
        assert_eq!(
            inspector.stack(waiter.pid()).await.unwrap_err().kind,
            Kind::NotFound
        );
        assert_eq!(inspector.totals().processes, 0);
    });
}

#[test]
fn without_the_tokio_runtime_native_processes_end_and_others_go_on() {
    let tokio = tokio::runtime::Runtime::new().unwrap();
    let inside = tokio.enter();
    let runtime = builder().lua("app:waiter", WAITER).start().unwrap();
    drop(inside);
    let waits = |mut ctx: Context| async move { ctx.message().await.map(drop) };
    let native = tokio
        .block_on(runtime.spawn_native("app:native", waits))
        .unwrap();
    let waiter = tokio.block_on(runtime.spawn("app:waiter")).unwrap();
    drop(tokio);
    run(async {
        let error = native.result::<()>().await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Canceled);
        assert!(
            error
                .to_string()
                .contains("task of the process was dropped"),
            "{error}"
        );
        waiter.send("go", ()).unwrap();
        waiter.result::<()>().await.unwrap();
        let native = runtime.spawn_native("app:native", waits).await.unwrap();
        assert!(native.result::<()>().await.is_err(), "nobody polls it");
        runtime.shutdown(Duration::from_secs(60)).await;
    });
}
