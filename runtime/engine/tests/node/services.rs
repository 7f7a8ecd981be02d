//! The interfaces `sql` and `queue` of components.

use std::sync::Arc;

use rmpv::Value;
use warren_engine::capability::{Answer, Caller, Capability, Step};
use warren_kernel::{Error, Kind, Outcome};

use crate::permissions::Denies;
use crate::support::{Setup, World, decoded, encoded};

/// A component that queries a database, and fails if an answer is not as [`Databases`] has it.
const SQL: &str = include_str!("services/sql.wat");

/// A component that publishes a message and looks at its own, and fails if an answer is not as
/// [`Queues`] has it.
const QUEUE: &str = include_str!("services/queue.wat");

fn map(pairs: Vec<(&str, Value)>) -> Value {
    let pairs = pairs.into_iter().map(|(key, value)| (key.into(), value));
    Value::Map(pairs.collect())
}

/// Answers a request that is as expected.
fn answered(request: &Value, expected: Value, answer: Value) -> Answer {
    if *request != expected {
        return Err(Error::internal(format!("{request} is not {expected}")));
    }
    Ok(encoded(&answer))
}

struct Databases;

impl Capability for Databases {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let request = decoded(request);
        if operation != "query" {
            return Step::Unknown;
        }
        if let Err(error) = caller.permit("sql.read", "t:shop", &[]) {
            return Step::Done(Err(error));
        }
        if request[2].as_str() == Some("") {
            let expected = Value::Array(vec![
                "shop".into(),
                Value::Nil,
                "".into(),
                Value::Array(Vec::new()),
                "".into(),
            ]);
            let answer = answered(&request, expected, Value::Nil);
            return Step::Done(answer.and(Err(Error::not_found("no such database"))));
        }
        let parameters = vec![
            "tea".into(),
            Value::Binary(vec![0xff, 0]),
            Value::Nil,
            7.into(),
        ];
        let expected = Value::Array(vec![
            "shop".into(),
            1.into(),
            "SELECT".into(),
            Value::Array(parameters),
            "-b--".into(),
        ]);
        let row = map(vec![
            ("item", "tea".into()),
            ("picture", Value::Binary(vec![0xff, 0])),
        ]);
        Step::wait(0, move |_| async move {
            answered(&request, expected, Value::Array(vec![row]))
        })
    }
}

struct Queues;

impl Capability for Queues {
    fn name(&self) -> &'static str {
        "queue"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let request = decoded(request);
        let headers = || map(vec![("priority", 7.into())]);
        Step::Done(match operation {
            "publish" => {
                let expected = vec!["tasks".into(), "tea".into(), headers(), 5.into()];
                answered(&request, Value::Array(expected), true.into())
            }
            "message" => {
                let message = map(vec![
                    ("id", "m-1".into()),
                    ("headers", headers()),
                    ("attempt", 2.into()),
                ]);
                answered(&request, Value::Array(Vec::new()), message)
            }
            _ => return Step::Unknown,
        })
    }
}

fn world(denies: &Arc<Denies>) -> World {
    World::set_up(Setup {
        capabilities: vec![Arc::new(Databases), Arc::new(Queues)],
        authorizer: Some(Arc::clone(denies) as _),
        ..Setup::default()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_reaches_databases_and_queues() {
    let denies = Arc::new(Denies::default());
    let world = world(&denies);
    world.define("t:sql", SQL);
    world.define("t:queue", QUEUE);
    for id in ["t:sql", "t:queue"] {
        let ended = world.run(id).await;
        assert_eq!(*ended.outcome, Outcome::Returned(None), "{id}");
    }
    denies.only_words(&["sql.read"]);
    let failed = world.failure("t:sql").await;
    assert_eq!(failed.kind, Kind::Internal, "{failed}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_without_databases_and_queues_links_their_interfaces() {
    let world = World::new(&[("t:sql", SQL.to_owned()), ("t:queue", QUEUE.to_owned())]);
    for id in ["t:sql", "t:queue"] {
        // Their calls fail, which these components take for a fault. One that cannot be linked
        // is Invalid.
        let failed = world.failure(id).await;
        assert_eq!(failed.kind, Kind::Internal, "{failed}");
    }
    world.close().await;
}
