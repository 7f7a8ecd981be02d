//! Queues in memory and in a file, without consumers of a runtime.

use std::time::Duration;

use warren_engine::Uses;
use warren_engine::capability::Kept;
use warren_kernel::{HostConfig, Kernel, Kind};
use warren_values::Value;

use super::*;
use crate::test::{Tester, of};

fn settings(id: &str) -> QueueSettings {
    QueueSettings {
        attempts: 2,
        backoff: Duration::ZERO,
        ..QueueSettings::new(id)
    }
}

fn durable(id: &str) -> QueueSettings {
    QueueSettings {
        durable: true,
        ..settings(id)
    }
}

fn tester(kernel: &Arc<Kernel>) -> Tester {
    let mut tester = Tester::new(kernel, HostConfig::default());
    tester.grants.uses = Uses::default()
        .with_right("queue", "t:q", "publish")
        .with("queue", "t:dead");
    tester
}

async fn publish(queues: &Queues, tester: &mut Tester, value: Value) -> Result<Value, Error> {
    tester.wait(queues, "publish", &[of("t:q"), value]).await
}

async fn info(queues: &Queues, tester: &mut Tester, id: &str) -> (i64, i64, i64) {
    let info = tester.wait(queues, "info", &[of(id)]).await.unwrap();
    let [messages, ready, consumers] = ["message_count", "ready", "consumer_count"].map(|key| {
        let Some(Value::Integer(number)) = info.get(key) else {
            panic!("{info:?}");
        };
        *number
    });
    (messages, ready, consumers)
}

/// Takes the next message; its value is a small integer.
async fn next(intake: &mut Intake) -> (Delivery, i64) {
    let delivery = intake.next().await.unwrap();
    let value: (i64,) = warren_values::from_value(&delivery.arguments()).unwrap();
    (delivery, value.0)
}

/// Opens the same queues in memory and in a file.
fn both(outer: &tempfile::TempDir, settings: &[QueueSettings]) -> [Queues; 2] {
    let data = Data::open(outer.path()).unwrap();
    let in_file = settings.iter().map(|settings| QueueSettings {
        durable: true,
        ..settings.clone()
    });
    [
        Queues::open(settings.to_vec(), None).unwrap(),
        Queues::open(in_file.collect(), Some(&data)).unwrap(),
    ]
}

#[tokio::test]
async fn messages_come_in_order_and_are_gone_once_they_are_done() {
    let outer = tempfile::tempdir().unwrap();
    for queues in both(&outer, &[settings("t:q")]) {
        let kernel = Kernel::new();
        let mut tester = tester(&kernel);
        let mut intake = queues.intake("t:q", 0, 2).unwrap();
        for n in 0..5 {
            assert_eq!(
                publish(&queues, &mut tester, n.into()).await,
                Ok(Value::from(true))
            );
        }
        for n in 0..5 {
            let (delivery, value) = next(&mut intake).await;
            assert_eq!(value, n);
            assert_eq!(info(&queues, &mut tester, "t:q").await.0, 5 - n);
            delivery.end(End::Done).await.unwrap();
        }
        assert_eq!(info(&queues, &mut tester, "t:q").await, (0, 0, 1));
        drop(intake);
        assert_eq!(info(&queues, &mut tester, "t:q").await, (0, 0, 0));
        let counts = queues.counts();
        assert_eq!((counts[0].published, counts[0].acknowledged), (5, 5));
    }
}

#[tokio::test]
async fn a_failed_message_returns_to_the_end_and_is_given_up_at_last() {
    let outer = tempfile::tempdir().unwrap();
    let with_dead = QueueSettings {
        dead_letter: Some("t:dead".into()),
        ..settings("t:q")
    };
    for queues in both(&outer, &[with_dead, settings("t:dead")]) {
        let kernel = Kernel::new();
        let mut tester = tester(&kernel);
        let mut intake = queues.intake("t:q", 0, 1).unwrap();
        for n in 0..3 {
            publish(&queues, &mut tester, n.into()).await.unwrap();
        }
        let mut id = String::new();
        for expected in [0, 1, 2, 0, 1, 2] {
            let (delivery, value) = next(&mut intake).await;
            assert_eq!(value, expected);
            if value == 0 {
                delivery.id().clone_into(&mut id);
                delivery.end(End::Failed("no".to_owned())).await.unwrap();
                // Settled once.
                delivery.end(End::Done).await.unwrap();
            } else if delivery.attempt() == 1 {
                // Cut off: no attempt, and back in its place.
                drop(delivery);
                let (delivery, again) = next(&mut intake).await;
                assert_eq!((again, delivery.attempt()), (value, 1));
                delivery.end(End::Failed("no".to_owned())).await.unwrap();
            } else {
                delivery.end(End::Done).await.unwrap();
            }
        }
        assert_eq!(info(&queues, &mut tester, "t:q").await, (0, 0, 1));
        assert_eq!(info(&queues, &mut tester, "t:dead").await, (1, 1, 0));
        let mut dead = queues.intake("t:dead", 0, 1).unwrap();
        let (delivery, value) = next(&mut dead).await;
        assert_eq!((delivery.id(), value, delivery.attempt()), (&*id, 0, 1));
        let headers: Value = warren_values::from_value(delivery.headers()).unwrap();
        assert_eq!(headers.get("warren.queue"), Some(&of("t:q")));
        assert_eq!(headers.get("warren.attempts"), Some(&Value::from(2)));
        assert_eq!(headers.get("warren.error"), Some(&of("no")));
    }
}

#[tokio::test]
async fn a_message_that_cannot_be_given_up_comes_again() {
    let outer = tempfile::tempdir().unwrap();
    let with_dead = QueueSettings {
        dead_letter: Some("t:dead".into()),
        attempts: 1,
        ..settings("t:q")
    };
    let full = QueueSettings {
        max_length: 1,
        ..settings("t:dead")
    };
    for queues in both(&outer, &[with_dead, full]) {
        let kernel = Kernel::new();
        let mut tester = tester(&kernel);
        let mut intake = queues.intake("t:q", 0, 1).unwrap();
        tester
            .wait(&queues, "publish", &[of("t:dead"), 7.into()])
            .await
            .unwrap();
        publish(&queues, &mut tester, 1.into()).await.unwrap();
        let (delivery, _) = next(&mut intake).await;
        delivery.end(End::Failed("no".to_owned())).await.unwrap();
        let (messages, ready, _) = info(&queues, &mut tester, "t:q").await;
        assert_eq!((messages, ready), (1, 0));
        // It waits for a second.
        let mut dead = queues.intake("t:dead", 0, 1).unwrap();
        next(&mut dead).await.0.end(End::Done).await.unwrap();
        let (delivery, value) = next(&mut intake).await;
        assert_eq!(value, 1);
        delivery.end(End::Failed("no".to_owned())).await.unwrap();
        assert_eq!(next(&mut dead).await.1, 1);
    }
}

#[tokio::test]
async fn a_delayed_message_comes_when_it_is_due() {
    let outer = tempfile::tempdir().unwrap();
    for queues in both(&outer, &[settings("t:q")]) {
        let kernel = Kernel::new();
        let mut tester = tester(&kernel);
        let mut intake = queues.intake("t:q", 0, 10).unwrap();
        let later = [of("t:q"), 1.into(), Value::Nil, Value::Integer(20_000_000)];
        tester.wait(&queues, "publish", &later).await.unwrap();
        publish(&queues, &mut tester, 2.into()).await.unwrap();
        let (first, value) = next(&mut intake).await;
        assert_eq!(value, 2);
        first.end(End::Done).await.unwrap();
        assert_eq!(next(&mut intake).await.1, 1);
        let wrong = [of("t:q"), 1.into(), Value::Nil, Value::Integer(-1)];
        let error = tester.wait(&queues, "publish", &wrong).await.unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
}

#[tokio::test]
async fn the_process_settles_its_message_once() {
    let outer = tempfile::tempdir().unwrap();
    for queues in both(&outer, &[settings("t:q")]) {
        let kernel = Kernel::new();
        let mut tester = tester(&kernel);
        let mut intake = queues.intake("t:q", 0, 1).unwrap();
        for operation in ["ack", "nack"] {
            publish(&queues, &mut tester, 1.into()).await.unwrap();
            let (delivery, _) = next(&mut intake).await;
            let kept = Arc::new(Kept::default());
            delivery.give(&kept).unwrap();
            tester.keep(kept);
            let message = tester.wait(&queues, "message", &[]).await.unwrap();
            assert_eq!(message.get("id"), Some(&of(delivery.id())));
            assert_eq!(message.get("attempt"), Some(&Value::from(1)));
            assert_eq!(
                tester.wait(&queues, operation, &[]).await,
                Ok(Value::from(true))
            );
            for again in ["ack", "nack"] {
                let error = tester.wait(&queues, again, &[]).await.unwrap_err();
                assert_eq!(error.kind, Kind::Invalid);
            }
            // The result of the process does not count any more.
            delivery.end(End::Failed("no".to_owned())).await.unwrap();
            let left = i64::from(operation == "nack");
            assert_eq!(info(&queues, &mut tester, "t:q").await.0, left);
            tester.end_code();
            let error = tester.wait(&queues, "message", &[]).await.unwrap_err();
            assert_eq!(error.kind, Kind::Invalid);
        }
        assert_eq!(next(&mut intake).await.0.attempt(), 2);
    }
}

#[tokio::test]
async fn wrong_requests_store_nothing() {
    let kernel = Kernel::new();
    let small = QueueSettings {
        max_length: 2,
        max_value: 10,
        ..settings("t:q")
    };
    let queues = Queues::open(vec![small, settings("t:hidden")], None).unwrap();
    let mut tester = tester(&kernel);
    for (arguments, kind) in [
        (vec![of(""), 1.into()], Kind::Invalid),
        (vec![of("t:hidden"), 1.into()], Kind::NotFound),
        (vec![of("t:none"), 1.into()], Kind::NotFound),
        (vec![of("t:q")], Kind::Invalid),
        (vec![of("t:q"), Value::Array(vec![])], Kind::Invalid),
        (vec![of("t:q"), of("more than ten bytes")], Kind::Invalid),
        (vec![of("t:q"), 1.into(), 7.into()], Kind::Invalid),
    ] {
        let error = tester
            .wait(&queues, "publish", &arguments)
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{arguments:?}: {error}");
    }
    tester.denied = vec!["queue.publish"];
    let error = publish(&queues, &mut tester, 1.into()).await.unwrap_err();
    assert_eq!(error.kind, Kind::PermissionDenied);
    tester.denied.clear();
    assert_eq!(info(&queues, &mut tester, "t:q").await, (0, 0, 0));
    for n in 0..2 {
        publish(&queues, &mut tester, n.into()).await.unwrap();
    }
    let error = publish(&queues, &mut tester, 3.into()).await.unwrap_err();
    assert_eq!(error.kind, Kind::RateLimited);
}

#[tokio::test]
async fn messages_of_a_file_outlive_the_program_in_their_order() {
    let outer = tempfile::tempdir().unwrap();
    let kernel = Kernel::new();
    let mut tester = tester(&kernel);
    let data = Data::open(outer.path()).unwrap();
    {
        let queues = Queues::open(vec![durable("t:q")], Some(&data)).unwrap();
        for n in 0..4 {
            publish(&queues, &mut tester, n.into()).await.unwrap();
        }
        let mut intake = queues.intake("t:q", 0, 3).unwrap();
        let (done, _) = next(&mut intake).await;
        done.end(End::Done).await.unwrap();
        let (failed, _) = next(&mut intake).await;
        failed.end(End::Failed("no".to_owned())).await.unwrap();
        // The third is in hand at the end.
        let _in_hand = next(&mut intake).await;
    }
    let queues = Queues::open(vec![durable("t:q"), durable("t:dead")], Some(&data)).unwrap();
    let mut intake = queues.intake("t:q", 0, 3).unwrap();
    for (value, attempt) in [(2, 1), (3, 1), (1, 2)] {
        let (delivery, found) = next(&mut intake).await;
        assert_eq!((found, delivery.attempt()), (value, attempt));
        delivery.end(End::Done).await.unwrap();
    }
    assert_eq!(info(&queues, &mut tester, "t:q").await.0, 0);
}

#[test]
fn given_up_messages_have_a_place_to_go_and_stay_there() {
    let to = |id: &str, dead_letter: &str| QueueSettings {
        dead_letter: Some(dead_letter.into()),
        ..settings(id)
    };
    let opened = |queues: Vec<QueueSettings>| Queues::open(queues, None);
    let error = opened(vec![to("t:q", "t:none")]).unwrap_err();
    assert!(matches!(error, QueueError::NoDeadLetter { .. }), "{error}");
    let error = opened(vec![to("t:a", "t:b"), to("t:b", "t:c"), to("t:c", "t:a")]).unwrap_err();
    assert!(matches!(error, QueueError::Circle { .. }), "{error}");
    // A way into a circle of others is refused as the circle is.
    let error = opened(vec![to("t:a", "t:b"), to("t:b", "t:b")]).unwrap_err();
    assert!(matches!(error, QueueError::Circle { .. }), "{error}");
    opened(vec![to("t:a", "t:b"), to("t:b", "t:c"), settings("t:c")]).unwrap();
}
