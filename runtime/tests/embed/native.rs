//! Host function processes: among themselves, and among guests.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use warren::native::Received;
use warren::{Context, Error, Event, Kind, Spawn};

use crate::setup::{builder, from, in_time, run};

/// Answers each message with its values doubled, until told to stop.
async fn doubler(mut ctx: Context) -> Result<u32, Error> {
    ctx.register("doubler")?;
    for answered in 0.. {
        let message = ctx.message().await?;
        if message.topic() == "stop" {
            return Ok(answered);
        }
        let number: i64 = message.get()?;
        if let Some(from) = message.from() {
            ctx.send(from, "doubled", 2 * number)?;
        }
    }
    Ok(u32::MAX)
}

async fn forever(mut ctx: Context) -> Result<(), Error> {
    ctx.message().await.map(drop)
}

/// Notifies when it is dropped.
struct Told(Option<oneshot::Sender<()>>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.take().map(|sender| sender.send(()));
    }
}

#[test]
fn a_guest_talks_with_a_native_process() {
    run(async {
        let source = "return function()
            local doubled = process.listen('doubled')
            assert(process.send('doubler', 'number', 21))
            local answer = doubled:receive()
            assert(process.send('doubler', 'stop'))
            return answer
        end";
        let runtime = builder().lua("app:main", source).start().unwrap();
        let native = runtime.spawn_native("app:doubler", doubler).await.unwrap();
        assert!(native.pid().as_str().starts_with("{app:processes|"));
        while runtime.find("doubler").is_err() {
            tokio::task::yield_now().await;
        }
        assert_eq!(runtime.exec::<i64>("app:main").await.unwrap(), 42);
        assert_eq!(native.result::<u32>().await.unwrap(), 1);
    });
}

#[test]
fn it_uses_what_tokio_offers() {
    run(async {
        let runtime = builder().start().unwrap();
        let native = runtime
            .spawn_native("app:io", |_| async {
                let io = |error: std::io::Error| Error::internal(error.to_string());
                let server = tokio::net::TcpListener::bind("127.0.0.1:0")
                    .await
                    .map_err(io)?;
                let address = server.local_addr().map_err(io)?;
                let (client, accepted) =
                    tokio::join!(tokio::net::TcpStream::connect(address), server.accept());
                let (mut client, (mut served, _)) = (client.map_err(io)?, accepted.map_err(io)?);
                client.write_all(b"hello").await.map_err(io)?;
                let mut read = [0; 5];
                served.read_exact(&mut read).await.map_err(io)?;
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok(String::from_utf8_lossy(&read).into_owned())
            })
            .await
            .unwrap();
        assert_eq!(native.result::<String>().await.unwrap(), "hello");
    });
}

#[test]
fn a_panic_is_the_error_of_the_process() {
    run(async {
        let runtime = builder().start().unwrap();
        let panics = |_| async {
            tokio::task::yield_now().await;
            if true {
                panic!("on purpose");
            }
            Ok(())
        };
        let native = runtime.spawn_native("app:panics", panics).await.unwrap();
        let error = Error::from(native.result::<()>().await.unwrap_err());
        assert_eq!(error.kind, Kind::Internal);
        let has_place = |error: &Error, message: &str| {
            let rest = error.message.strip_prefix("panicked at ");
            let place = rest.and_then(|rest| rest.strip_suffix(message)).unwrap();
            assert!(place.contains("native.rs:"), "{error}");
            assert_eq!(error.stack, Some(format!("at {place}")));
        };
        has_place(&error, ": on purpose");
        // Panics before its first await too, without harm to others.
        let panics = |_| -> std::future::Ready<Result<(), Error>> { panic!("at once") };
        let native = runtime.spawn_native("app:panics", panics).await.unwrap();
        let error = Error::from(native.result::<()>().await.unwrap_err());
        has_place(&error, ": at once");
        assert_eq!(runtime.live(), 0);
    });
}

#[test]
fn terminating_drops_the_future() {
    run(async {
        let runtime = builder().start().unwrap();
        let (sender, dropped) = oneshot::channel();
        let told = Told(Some(sender));
        let native = runtime
            .spawn_native("app:waits", |_| async move {
                let _told = told;
                std::future::pending::<Result<(), Error>>().await
            })
            .await
            .unwrap();
        native.terminate().unwrap();
        dropped.await.unwrap();
        let error = native.result::<()>().await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Canceled);
    });
}

#[test]
fn a_cancel_is_an_event_and_its_deadline_holds() {
    run(async {
        let runtime = builder().start().unwrap();
        let asked = runtime
            .spawn_native("app:polite", |mut ctx: Context| async move {
                match ctx.next().await? {
                    Received::Event(Event::Cancel { deadline, .. }) => Ok(deadline.is_some()),
                    other => Err(Error::internal(format!("{other:?}"))),
                }
            })
            .await
            .unwrap();
        asked.cancel(None).unwrap();
        assert!(!asked.result::<bool>().await.unwrap());
        let deaf = runtime.spawn_native("app:deaf", forever).await.unwrap();
        deaf.cancel(Some(Duration::from_millis(5))).unwrap();
        assert_eq!(
            deaf.result::<()>().await.unwrap_err().kind(),
            &Kind::Canceled
        );
    });
}

#[test]
fn links_and_monitors_hold_between_both_kinds() {
    run(async {
        let runtime = builder()
            .lua("app:fails", "process.inbox():receive() error('boom')")
            .native("app:forever", forever)
            .start()
            .unwrap();
        let watcher = runtime
            .spawn_native("app:watcher", |mut ctx: Context| async move {
                ctx.set_trap_links(true);
                let child = ctx
                    .spawn(Spawn::new("app:fails").monitored().linked())
                    .await?;
                // A host function process monitors a guest.
                let native = ctx.spawn("app:forever").await?;
                ctx.monitor(&native)?;
                ctx.link(&native)?;
                ctx.unlink(&native)?;
                ctx.send(&child, "go", ())?;
                let (down, exit) = (ctx.event().await?, ctx.event().await?);
                assert!(matches!(down, Event::LinkDown { .. }), "{down:?}");
                assert_eq!(from(&down), Some(&child));
                let Event::Exit { from, outcome, .. } = exit else {
                    panic!("{exit:?}");
                };
                assert!(from == child && outcome.is_failure());
                ctx.terminate(&native)?;
                let exit = ctx.event().await?;
                assert_eq!(self::from(&exit), Some(&native));
                // Without the trap the failure ends this process, too.
                ctx.set_trap_links(false);
                let child = ctx.spawn(Spawn::new("app:fails").linked()).await?;
                ctx.send(&child, "go", ())?;
                forever(ctx).await
            })
            .await
            .unwrap();
        let error = watcher.result::<()>().await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("linked process failed: "), "{text}");
        assert!(text.contains("boom"), "{text}");
    });
}

#[test]
fn an_exec_returns_the_result_and_ends_with_whoever_waits() {
    run(async {
        let runtime = builder()
            .lua("app:double", "return function(n) return 2 * n end")
            .native("app:forever", forever)
            .start()
            .unwrap();
        let caller = runtime
            .spawn_native("app:caller", |mut ctx: Context| async move {
                let doubled: i64 = ctx.exec(Spawn::new("app:double").arg(4)).await?;
                // Dropping the exec's future ends the callee.
                let abandoned = ctx.exec::<()>(Spawn::new("app:forever").name("first"));
                let waited = tokio::time::timeout(Duration::from_millis(20), abandoned).await;
                assert!(waited.is_err());
                while ctx.lookup("first").is_ok() {
                    tokio::task::yield_now().await;
                }
                // The end of the caller ends the callee.
                ctx.send("test", "ready", doubled).ok();
                ctx.exec::<()>(Spawn::new("app:forever").name("second"))
                    .await?;
                Ok(())
            })
            .await
            .unwrap();
        let callee = loop {
            match runtime.find("second") {
                Ok(callee) => break callee,
                Err(_) => tokio::task::yield_now().await,
            }
        };
        caller.terminate().unwrap();
        assert_eq!(
            callee.result::<()>().await.unwrap_err().kind(),
            &Kind::Canceled
        );
    });
}

#[test]
fn a_receive_within_another_future_is_woken() {
    run(async {
        let runtime = builder().start().unwrap();
        let (ready, is_ready) = oneshot::channel();
        let native = runtime
            .spawn_native("app:select", |mut ctx: Context| async move {
                let topic = ctx.listen("first")?;
                let receiving = async {
                    ready.send(()).ok();
                    ctx.message_on(&topic)
                        .await?
                        .get::<u8>()
                        .map_err(Error::from)
                };
                // Polls its futures with wakers of its own.
                let mut futures: FuturesUnordered<_> = [receiving].into_iter().collect();
                let first = futures.next().await;
                drop(futures);
                // The task's own waker is back, which termination needs.
                let first = first.unwrap_or(Ok(0))?;
                let second: u8 = ctx.message().await?.get()?;
                Ok((first, second))
            })
            .await
            .unwrap();
        is_ready.await.unwrap();
        native.send("first", 1).unwrap();
        native.send("second", 2).unwrap();
        assert_eq!(native.result::<(u8, u8)>().await.unwrap(), (1, 2));
    });
}

#[test]
fn a_dropped_receive_loses_nothing_and_hears_of_the_end() {
    run(async {
        let runtime = builder().start().unwrap();
        let (dropped, are_dropped) = oneshot::channel();
        let native = runtime
            .spawn_native("app:drops", |mut ctx: Context| async move {
                for _ in 0..3 {
                    assert!(futures::FutureExt::now_or_never(ctx.message()).is_none());
                }
                dropped.send(()).ok();
                let message = ctx.message().await?;
                let mut waiting: FuturesUnordered<_> = [ctx.message()].into_iter().collect();
                assert!(futures::FutureExt::now_or_never(waiting.next()).is_none());
                drop(waiting);
                ctx.register("waits")?;
                std::future::pending::<()>().await;
                message.get::<()>().map_err(Error::from)
            })
            .await
            .unwrap();
        are_dropped.await.unwrap();
        native.send("go", ()).unwrap();
        while runtime.find("waits").is_err() {
            tokio::task::yield_now().await;
        }
        native.terminate().unwrap();
        assert_eq!(
            native.result::<()>().await.unwrap_err().kind(),
            &Kind::Canceled
        );
    });
}

#[test]
fn a_context_that_outlives_its_process_can_do_nothing() {
    run(async {
        let runtime = builder().start().unwrap();
        let (sender, receiver) = oneshot::channel();
        let native = runtime
            .spawn_native("app:leaks", |ctx: Context| async move {
                sender.send(ctx).ok();
                Ok(())
            })
            .await
            .unwrap();
        native.wait().await;
        let mut ctx = receiver.await.unwrap();
        let gone = ctx.send("anyone", "hello", ()).unwrap_err();
        assert_eq!(gone.kind(), &Kind::NotFound);
        assert_eq!(
            in_time(ctx.message()).await.unwrap_err().kind,
            Kind::NotFound
        );
    });
}

#[test]
fn arguments_name_and_host_are_those_of_the_spawn() {
    run(async {
        let runtime = builder()
            .host("app:native", warren::HostLimits::default())
            .start()
            .unwrap();
        let spawn = Spawn::new("app:me")
            .host("app:native")
            .name("me")
            .args(("a", 1))
            .context("tenant", 7)
            .message("early", "bird");
        let native = runtime
            .spawn_native(spawn, |mut ctx: Context| async move {
                let (text, number): (String, u8) = ctx.args()?;
                let early: String = ctx.message().await?.get()?;
                assert_eq!(ctx.lookup("me")?, *ctx.pid());
                assert_eq!(ctx.definition(), "app:me");
                assert!(ctx.frame().starts_with("app:me#"));
                let wrong = ctx.args::<u8>().unwrap_err();
                assert_eq!(wrong.kind(), &Kind::Invalid);
                Ok((text, number, early, ctx.context::<u8>("tenant")?))
            })
            .await
            .unwrap();
        assert!(native.pid().as_str().starts_with("{app:native|"));
        let (text, number, early, tenant): (String, u8, String, Option<u8>) =
            native.result().await.unwrap();
        assert_eq!((&*text, number, &*early, tenant), ("a", 1, "bird", Some(7)));
    });
}

#[test]
fn refusals_of_a_native_process_are_seen_from_outside() {
    run(async {
        let runtime = builder().start().unwrap();
        let refused = |mut ctx: Context| async move {
            assert!(ctx.send("nobody", "topic", 1).is_err());
            assert!(ctx.spawn("app:nothing").await.is_err());
            assert!(ctx.lookup("nobody").is_err());
            ctx.message().await.map(drop)
        };
        let process = runtime.spawn_native("app:refused", refused).await.unwrap();
        let inspector = runtime.inspector();
        let refusals = || {
            inspector
                .totals()
                .refused
                .into_iter()
                .map(|(_, n)| n)
                .sum::<u64>()
        };
        while refusals() < 3 {
            tokio::task::yield_now().await;
        }
        let details = inspector.process(process.pid()).unwrap();
        let error = details.last_error.unwrap();
        assert!(error.contains("name not registered"), "{error}");
    });
}

#[test]
fn a_terminated_native_process_goes_on_until_it_waits() {
    run(async {
        let runtime = builder().start().unwrap();
        let (begun, has_begun) = oneshot::channel();
        let (go_on, goes_on) = std::sync::mpsc::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let native = runtime
            .spawn_native("app:busy", |mut ctx: Context| async move {
                begun.send(()).ok();
                // Looks busy to everyone outside.
                goes_on.recv().ok();
                done.send(()).ok();
                ctx.message().await.map(drop)
            })
            .await
            .unwrap();
        has_begun.await.unwrap();
        native.terminate().unwrap();
        assert!(!native.has_ended());
        drop(go_on);
        is_done.await.unwrap();
        let error = native.result::<()>().await.unwrap_err();
        assert_eq!(error.kind(), &Kind::Canceled);
    });
}
