//! Chains of messages, followed from process to process.

use std::num::NonZeroU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use warren::{Context, Runtime, Spawn, TraceContext, TraceId};

use crate::setup::{builder, run};

/// Three processes: each request passes through another process and a third
/// that is spawned for it, and each logs it.
const PROGRAM: [(&str, &str); 3] = [
    (
        "app:front",
        "return function()
            local requests = process.inbox()
            while true do
                local request = requests:receive():payload()
                logger.info('front ' .. request)
                process.send('back', 'work', request)
            end
        end",
    ),
    (
        "app:back",
        "return function()
            process.registry.register('back')
            local work = process.listen('work')
            process.send('front', 'up', 'hello')
            while true do
                assert(process.spawn('app:worker', 'app:processes', (work:receive())))
            end
        end",
    ),
    (
        "app:worker",
        "return function(request)
            logger.info('worker ' .. request)
            process.send('collector', 'done', request)
        end",
    ),
];

/// The log: each text, and the chain it belongs to.
type Log = Arc<Mutex<Vec<(String, Option<TraceId>)>>>;

fn start(traced: bool) -> (Runtime, Log) {
    let log = Log::default();
    let writer = Arc::clone(&log);
    let mut builder = builder().trace_messages(traced).log(move |record| {
        let trace = record.trace.map(|trace| trace.id);
        let entry = (record.message.to_owned(), trace);
        writer.lock().unwrap().push(entry);
    });
    for (id, source) in PROGRAM {
        builder = builder.lua(id, source);
    }
    (builder.start().unwrap(), log)
}

/// Takes the three results, in any order, and returns the chain of the result
/// of `last`.
async fn collect(mut ctx: Context) -> Result<Option<u64>, warren::Error> {
    ctx.register("collector")?;
    let mut chain = None;
    for _ in 0..3 {
        let message = ctx.message().await?;
        if message.get::<String>()? == "last" {
            chain = ctx.trace().map(|trace| trace.id.0.get());
        }
    }
    Ok(chain)
}

/// Sends two requests, the last of them in a chain of its own. Returns the
/// chain of its result.
async fn request(runtime: &Runtime, trace: TraceId) -> Option<u64> {
    let collector = runtime
        .spawn_native("app:collector", collect)
        .await
        .unwrap();
    let front = runtime
        .spawn(Spawn::new("app:front").name("front"))
        .await
        .unwrap();
    runtime.spawn("app:back").await.unwrap();
    while runtime.find("back").is_err() || runtime.find("collector").is_err() {
        tokio::task::yield_now().await;
    }
    front.send("request", "first").unwrap();
    front.send_traced(trace, "request", "last").unwrap();
    collector.result().await.unwrap()
}

#[test]
fn everything_that_a_request_causes_belongs_to_its_chain() {
    run(async {
        let (runtime, log) = start(true);
        let trace = TraceId(NonZeroU64::new(0xfeed).unwrap());
        assert_eq!(request(&runtime, trace).await, Some(0xfeed));
        runtime.shutdown(Duration::from_secs(60)).await;
        let log = log.lock().unwrap().clone();
        let of = |text: &str| log.iter().find(|(said, _)| said == text).unwrap().1;
        assert_eq!(of("front last"), Some(trace));
        assert_eq!(of("worker last"), Some(trace));
        let other = of("front first");
        assert!(other.is_some() && other != Some(trace), "{log:?}");
        assert_eq!(of("worker first"), other);
        // No message caused this log record.
        let own = of("front hello");
        assert!(
            own.is_some() && own != other && own != Some(trace),
            "{log:?}"
        );
    });
}

#[test]
fn a_process_that_the_embedder_spawns_begins_a_chain() {
    run(async {
        let log = Log::default();
        let writer = Arc::clone(&log);
        let runtime = builder()
            .trace_messages(true)
            .lua("app:main", "logger.info('main')")
            .log(move |record| {
                let trace = record.trace.map(|trace| trace.id);
                writer
                    .lock()
                    .unwrap()
                    .push((record.message.to_owned(), trace));
            })
            .start()
            .unwrap();
        let trace = TraceId(NonZeroU64::MIN);
        runtime
            .exec::<()>(Spawn::new("app:main").trace(trace))
            .await
            .unwrap();
        // The hook has received all log records.
        runtime.shutdown(Duration::from_secs(60)).await;
        assert_eq!(*log.lock().unwrap(), [("main".to_owned(), Some(trace))]);
    });
}

#[test]
fn a_trace_over_several_programs_is_handed_on() {
    const MAIN: &str = "return function()
        logger.info('main')
        return (assert(process.exec('app:child', 'app:processes')))
    end";
    const CHILD: &str = "return function()
        logger.info('child')
        return (assert(process.exec('app:native', 'app:processes')))
    end";
    run(async {
        let log = Arc::new(Mutex::new(Vec::<(String, Option<String>)>::new()));
        let writer = Arc::clone(&log);
        let runtime = builder()
            .lua("app:main", MAIN)
            .lua("app:child", CHILD)
            .native("app:native", |ctx: Context| async move {
                Ok(ctx.trace_context().map(ToString::to_string))
            })
            .log(move |record| {
                let context = record.trace_context.map(TraceContext::trace_id);
                let entry = (record.message.to_owned(), context);
                writer.lock().unwrap().push(entry);
            })
            .start()
            .unwrap();
        let field = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context = TraceContext::parse(field.as_bytes()).unwrap();
        let main = Spawn::new("app:main").trace_context(context.clone());
        let seen: Option<String> = runtime.exec(main).await.unwrap();
        assert_eq!(seen.as_deref(), Some(field));
        runtime.shutdown(Duration::from_secs(60)).await;
        let log = log.lock().unwrap().clone();
        let of = |text: &str| (text.to_owned(), Some(context.trace_id()));
        assert_eq!(log, [of("main"), of("child")]);
    });
}

#[test]
fn without_the_switch_nothing_is_carried() {
    run(async {
        let (runtime, log) = start(false);
        let trace = TraceId(NonZeroU64::MIN);
        assert_eq!(request(&runtime, trace).await, None);
        runtime.shutdown(Duration::from_secs(60)).await;
        assert!(log.lock().unwrap().iter().all(|(_, trace)| trace.is_none()));
    });
}
