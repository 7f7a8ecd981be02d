//! Queues and consumers that an embedder adds.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use warren::app::Consumer;
use warren::capability::QueueSettings;
use warren::{
    ApplyError, Change, Code, DataError, Definition, Grants, HostLimits, Object, QueueError,
    Runtime, Source, Spawn, StartError, Uses,
};

use crate::setup::{builder, in_time, run};

/// Publishes its argument to `app:tasks`.
const PUBLISH: &str = "return function(value) return assert(queue.publish('tasks', value)) end";

/// Returns the number of messages of `app:tasks`.
const COUNT: &str = "return function() return queue.info('tasks').message_count end";

/// Tells the reader the number of its attempt and its argument.
const TELL: &str = "return function(value)
    process.send('reader', 'told', queue.message():attempt(), value)
end";

/// Tells the reader that it has begun, and goes on for ever.
const HANG: &str = "return function()
    process.send('reader', 'told', queue.message():attempt(), process.pid())
    process.listen('never'):receive()
end";

/// Returns the next message that it is told of.
const READ: &str = "return function()
    process.registry.register('reader')
    local message = process.listen('told', { message = true }):receive()
    return { message:payload() }
end";

/// A definition that may publish to all queues of the tests.
fn definition(id: &str, code: &str, host: Option<&str>) -> Definition {
    let uses = Uses::default().with("queue", "app:tasks");
    Definition {
        id: id.into(),
        code: Code::Lua(Source {
            name: format!("{}.lua", id.replace(':', ".")).into(),
            bytes: code.as_bytes().into(),
        }),
        method: "main".into(),
        host: host.map(Into::into),
        grants: Arc::new(Grants {
            uses,
            ..Grants::default()
        }),
    }
}

/// Returns a builder with the queue `app:tasks` and what the tests need.
fn with(queue: QueueSettings) -> warren::Builder {
    builder()
        .queue(queue)
        .definition(definition("app:publish", PUBLISH, None))
        .definition(definition("app:count", COUNT, None))
        .lua("app:read", READ)
        .lua("app:tell", TELL)
        .lua("app:hang", HANG)
}

fn tasks() -> QueueSettings {
    QueueSettings {
        backoff: Duration::ZERO,
        ..QueueSettings::new("app:tasks")
    }
}

fn worker(definition: &str) -> Consumer {
    Consumer::new("app:worker", "app:tasks", definition)
}

/// A process that waits for what a worker tells.
struct Reader(warren::Handle);

impl Reader {
    /// Starts the process, and waits until it has its name.
    async fn start(runtime: &Runtime) -> Reader {
        let handle = runtime.spawn("app:read").await.unwrap();
        in_time(async {
            while runtime.find("reader").is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        Reader(handle)
    }

    /// Returns the number of the attempt, and what the worker tells besides.
    async fn told<T: serde::de::DeserializeOwned>(self) -> (i64, T) {
        in_time(self.0.result()).await.unwrap()
    }
}

async fn publish(runtime: &Runtime, value: impl serde::Serialize) {
    let publish = Spawn::new("app:publish").arg(value);
    assert!(in_time(runtime.exec::<bool>(publish)).await.unwrap());
}

async fn count(runtime: &Runtime) -> i64 {
    in_time(runtime.exec("app:count")).await.unwrap()
}

/// Waits until the queue is empty.
async fn until_empty(runtime: &Runtime) {
    in_time(async { while count(runtime).await > 0 {} }).await;
}

#[test]
fn a_job_has_the_grace_to_end() {
    run(async {
        let runtime = with(tasks()).consumer(worker("app:hang")).start().unwrap();
        runtime.start_services().await.unwrap();
        let reader = Reader::start(&runtime).await;
        publish(&runtime, 1).await;
        let (attempt, pid): (i64, String) = reader.told().await;
        assert_eq!(attempt, 1);
        let job = runtime.find(&pid).unwrap();
        // Another process, which is no worker, ends at once.
        let other = runtime.spawn("app:read").await.unwrap();
        let ending = tokio::spawn({
            let runtime = runtime.clone();
            async move { runtime.shutdown(Duration::from_secs(600)).await }
        });
        in_time(other.wait()).await;
        assert!(!job.has_ended());
        job.send("never", ()).unwrap();
        in_time(ending).await.unwrap();
        let done = "warren_jobs_done_total{queue=\"app:tasks\"} 1";
        let metrics = runtime.metrics();
        assert!(metrics.lines().any(|line| line == done), "{metrics}");
    });
}

/// Starts a runtime on a directory, once the one before has given it up.
async fn started(data: &Path, definition: &str) -> Runtime {
    in_time(async {
        loop {
            let durable = QueueSettings {
                durable: true,
                ..tasks()
            };
            let builder = with(durable)
                .consumer(worker(definition))
                .data(data.to_owned());
            match builder.start() {
                Ok(runtime) => return runtime,
                Err(StartError::Data(DataError::InUse { .. })) => tokio::task::yield_now().await,
                Err(error) => panic!("{error}"),
            }
        }
    })
    .await
}

#[test]
fn a_job_that_is_cut_off_loses_no_attempt() {
    run(async {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let runtime = started(dir.path(), "app:hang").await;
            if count(&runtime).await == 0 {
                publish(&runtime, 7).await;
            }
            let reader = Reader::start(&runtime).await;
            runtime.start_services().await.unwrap();
            let (attempt, _): (i64, String) = reader.told().await;
            assert_eq!(attempt, 1);
            runtime.shutdown(Duration::ZERO).await;
        }
        let runtime = started(dir.path(), "app:tell").await;
        assert_eq!(count(&runtime).await, 1);
        let reader = Reader::start(&runtime).await;
        runtime.start_services().await.unwrap();
        assert_eq!(reader.told::<i64>().await, (1, 7));
        until_empty(&runtime).await;
    });
}

#[test]
fn a_full_host_costs_no_attempt() {
    run(async {
        let runtime = with(tasks())
            .host("app:small", HostLimits::default().max_processes(1))
            .definition(definition("app:job", TELL, Some("app:small")))
            .definition(definition("app:block", HANG_ALONE, Some("app:small")))
            .consumer(worker("app:job"))
            .start()
            .unwrap();
        runtime.start_services().await.unwrap();
        let block = runtime.spawn("app:block").await.unwrap();
        let reader = Reader::start(&runtime).await;
        publish(&runtime, 7).await;
        // The consumer has it, and tries again and again.
        let refused = "warren_jobs_ready{queue=\"app:tasks\"} 0";
        in_time(async {
            while !runtime.metrics().lines().any(|line| line == refused) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(count(&runtime).await, 1);
        block.terminate().unwrap();
        assert_eq!(reader.told::<i64>().await, (1, 7));
        until_empty(&runtime).await;
    });
}

const HANG_ALONE: &str = "return function() process.listen('never'):receive() end";

#[test]
fn an_argument_that_the_host_does_not_take_is_an_attempt() {
    run(async {
        let with_dead = QueueSettings {
            attempts: 2,
            dead_letter: Some("app:dead".into()),
            ..tasks()
        };
        let runtime = with(with_dead)
            .queue(QueueSettings::new("app:dead"))
            .host("app:terse", HostLimits::default().max_message(1_000))
            .definition(definition("app:job", TELL, Some("app:terse")))
            .lua(
                "app:dead",
                "return function()
                    local m = queue.message()
                    process.send('reader', 'told', m:header('warren.attempts'), m:header('warren.error'))
                end",
            )
            .consumer(worker("app:job"))
            .consumer(Consumer::new("app:of-dead", "app:dead", "app:dead"))
            .start()
            .unwrap();
        runtime.start_services().await.unwrap();
        let reader = Reader::start(&runtime).await;
        publish(&runtime, "x".repeat(2_000)).await;
        let (attempts, reason): (i64, String) = reader.told().await;
        assert_eq!(attempts, 2);
        assert!(reason.contains("max_message"), "{reason}");
        // The next one is not held up.
        let reader = Reader::start(&runtime).await;
        publish(&runtime, "small").await;
        assert_eq!(reader.told::<String>().await, (1, "small".to_owned()));
    });
}

fn lines(plan: &warren::Plan) -> Vec<String> {
    plan.steps.iter().map(ToString::to_string).collect()
}

async fn applied(runtime: &Runtime, change: Change) -> Vec<String> {
    let applied = in_time(runtime.apply(change)).await.unwrap();
    let lines = lines(&applied.plan);
    in_time(applied.settled()).await.unwrap();
    lines
}

#[test]
fn an_apply_changes_consumers() {
    run(async {
        let runtime = with(tasks()).start().unwrap();
        runtime.start_services().await.unwrap();
        in_time(runtime.services_ended()).await.unwrap();
        publish(&runtime, 1).await;
        assert_eq!(count(&runtime).await, 1);

        let reader = Reader::start(&runtime).await;
        let change = Change::new().consumer(worker("app:tell"));
        assert_eq!(applied(&runtime, change).await, ["+ consumer app:worker"]);
        assert_eq!(reader.told::<i64>().await, (1, 1));
        until_empty(&runtime).await;
        let change = Change::new().consumer(worker("app:tell"));
        assert_eq!(applied(&runtime, change).await, [""; 0]);

        // A program with a consumer goes on.
        let mut ended = Box::pin(runtime.services_ended());
        assert!(ended.as_mut().now_or_never().is_none());

        let change = Change::new().consumer(worker("app:hang").concurrency(2));
        let plan = applied(&runtime, change).await;
        assert_eq!(plan, ["~ consumer app:worker: process, concurrency"]);
        let reader = Reader::start(&runtime).await;
        publish(&runtime, 2).await;
        let (_, pid): (i64, String) = reader.told().await;
        let job = runtime.find(&pid).unwrap();
        let change = Change::new()
            .remove_consumer("app:worker")
            .grace(Duration::ZERO);
        assert_eq!(applied(&runtime, change).await, ["- consumer app:worker"]);
        in_time(job.wait()).await;
        in_time(ended).await.unwrap();
        // Its message has returned, and nobody takes it.
        assert_eq!(count(&runtime).await, 1);

        for (change, object) in [
            (
                Change::new().consumer(Consumer::new("app:c", "app:none", "app:tell")),
                Object::Queue,
            ),
            (
                Change::new().consumer(Consumer::new("app:c", "app:tasks", "app:none")),
                Object::Definition,
            ),
        ] {
            let error = runtime.apply(change).await.unwrap_err();
            let ApplyError::Missing { needs, .. } = error else {
                panic!("{error}");
            };
            assert_eq!(needs, object);
        }
        let change = Change::new().remove_consumer("app:worker");
        assert!(runtime.apply(change).await.is_err());
    });
}

#[test]
fn queues_and_consumers_fit_together() {
    run(async {
        let no_queue = with(tasks())
            .consumer(Consumer::new("app:c", "app:none", "app:tell"))
            .start();
        assert!(matches!(no_queue, Err(StartError::NoQueue { .. })));
        let dead = QueueSettings {
            dead_letter: Some("app:none".into()),
            ..tasks()
        };
        let error = with(dead).start();
        assert!(matches!(
            error,
            Err(StartError::Queues(QueueError::NoDeadLetter { .. }))
        ));
    });
}
