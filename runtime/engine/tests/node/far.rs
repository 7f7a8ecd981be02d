//! Two nodes of a cluster in one program, with nothing between them.

use std::sync::{Arc, OnceLock, Weak};

use futures::future::{BoxFuture, FutureExt as _, ready};
use warren_engine::remote::{
    FarAnswer, FarCaller, FarEvent, FarReply, FarRequest, Remote, TieChange,
};
use warren_engine::security::{Authorizer, Decision, Request, Reuse, Scope};
use warren_engine::{Membership, Native, NativeCode, Node, Start};
use warren_kernel::{
    Delivery, Error, Event, FarEnd, FarPeers, FarPid, Incarnation, Kind, NodeId, Outcome, Pid,
    Process, Relation,
};

use crate::support::{HOST, Setup, World, in_time};

/// The way from one node to the other.
#[derive(Debug)]
struct Direct {
    node: NodeId,
    other: NodeId,
    own_engine: OnceLock<Weak<Node>>,
    engine: OnceLock<Weak<Node>>,
}

fn gone() -> Error {
    Error::new(Kind::Unavailable, "the other node is gone")
}

impl Direct {
    fn new(node: &str, other: &str) -> Arc<Direct> {
        let id = |name: &str| NodeId {
            name: name.parse().unwrap(),
            incarnation: Incarnation(1),
        };
        Arc::new(Direct {
            node: id(node),
            other: id(other),
            own_engine: OnceLock::new(),
            engine: OnceLock::new(),
        })
    }

    fn engine_of(&self, node: &NodeId) -> Option<Arc<Node>> {
        let engine = match *node == self.node {
            true => &self.own_engine,
            false if *node == self.other => &self.engine,
            false => return None,
        };
        engine.get()?.upgrade()
    }
}

impl Remote for Direct {
    fn node(&self) -> &NodeId {
        &self.node
    }

    fn nodes(&self) -> Vec<NodeId> {
        vec![self.other.clone()]
    }

    fn request(
        &self,
        to: &NodeId,
        request: FarRequest,
    ) -> BoxFuture<'static, Result<FarAnswer, Error>> {
        let Some(engine) = self.engine_of(to) else {
            return ready(Err(gone())).boxed();
        };
        async move {
            match engine.far_request(request) {
                FarReply::Now(answer) => answer,
                FarReply::Later(answer) => answer.await,
            }
        }
        .boxed()
    }

    fn register(&self, _: &str, _: &Process) -> BoxFuture<'static, Result<u64, Error>> {
        ready(Ok(1)).boxed()
    }

    fn unregister(&self, _: &str) -> BoxFuture<'static, Result<bool, Error>> {
        ready(Ok(false)).boxed()
    }

    fn lookup(&self, name: &str) -> BoxFuture<'static, Result<(FarPid, u64), Error>> {
        let missing = Error::not_found(format!("name not registered: {name}"));
        ready(Err(missing)).boxed()
    }

    fn broadcast(&self, _: FarCaller, _: &str, _: &str, _: &[u8]) {}

    fn event(&self, _: FarCaller, _: &FarEvent<'_>) {}

    fn exited(&self, _: Pid) {}
}

impl FarPeers for Direct {
    fn ended(&self, node: &NodeId, end: FarEnd) {
        if let Some(engine) = self.engine_of(node) {
            engine.far_ended(&end);
        }
    }

    fn joined(&self, _: &str, _: &str) {}

    fn left(&self, _: &str, _: &str) {}

    fn holds(&self, _: &str) -> bool {
        true
    }
}

/// Starts the nodes `a` and `b`, with an authorizer on `b`.
fn two_nodes(authorizer: Option<Arc<dyn Authorizer>>) -> (World, World) {
    let (a, b) = (Direct::new("a", "b"), Direct::new("b", "a"));
    let world = |way: &Arc<Direct>, authorizer| {
        World::set_up(Setup {
            authorizer,
            cluster: Some(Membership {
                remote: Arc::clone(way) as _,
                peers: Arc::clone(way) as _,
            }),
            ..Setup::default()
        })
    };
    let (on_a, on_b) = (world(&a, None), world(&b, authorizer));
    for (way, own, other) in [(&a, &on_a, &on_b), (&b, &on_b, &on_a)] {
        way.own_engine.set(Arc::downgrade(&own.node)).unwrap();
        way.engine.set(Arc::downgrade(&other.node)).unwrap();
    }
    for world in [&on_a, &on_b] {
        world.define_native("t:echo", NativeCode::new(|native| Box::pin(echo(native))));
        world.define_native("t:nine", NativeCode::new(|_| Box::pin(nine())));
    }
    (on_a, on_b)
}

/// Sends each message back to its sender.
async fn echo(mut native: Native) -> Outcome {
    loop {
        let inbox = native.process().inbox();
        let Ok((_, Delivery::Message(message))) = native.receive(&[inbox]).await else {
            return Outcome::Returned(None);
        };
        let (sender, payload) = (message.sender(), message.payload());
        let sender = sender.expect("a process has sent it").to_owned();
        let payload = payload.to_vec();
        if let Err(error) = native.send_anywhere(&sender, "answer", &payload).await {
            return Outcome::Failed(Box::new(error));
        }
    }
}

async fn nine() -> Outcome {
    Outcome::Returned(Some([9_u8].as_slice().into()))
}

/// Runs a function as a process of node `a`, to its end.
async fn runs_on<F>(world: &World, code: fn(Native) -> F)
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let code = NativeCode::new(move |native| {
        let run = code(native);
        Box::pin(async move {
            match run.await {
                Ok(()) => Outcome::Returned(None),
                Err(error) => Outcome::Failed(Box::new(error)),
            }
        })
    });
    let start = Start::new("t:main", HOST);
    let started = world.node.start_process(start, Some(code), false);
    let mut running = in_time(started).await.unwrap();
    let end = in_time(running.wait()).await;
    assert_eq!(*end.outcome, Outcome::Returned(None));
}

fn on_b(definition: &str) -> Start {
    Start::new(definition, format!("b@{HOST}"))
}

const MONITORED: Relation = Relation {
    monitored: true,
    linked: false,
};

async fn next_event(native: &mut Native) -> Event {
    let events = native.process().events();
    match native.receive(&[events]).await {
        Ok((_, Delivery::Event(event))) => event,
        other => panic!("no event: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_ends_cross() {
    let (a, b) = two_nodes(None);
    runs_on(&a, |mut native| async move {
        let echo = native.spawn(on_b("t:echo"), MONITORED).await?;
        assert!(echo.starts_with("{b@test:host|0x1."), "{echo}");
        let inbox = native.process().inbox();
        for n in 0..10_u8 {
            native.send_anywhere(&echo, "say", &[0x91, n]).await?;
        }
        for n in 0..10_u8 {
            let (_, delivery) = native.receive(&[inbox]).await?;
            let Delivery::Message(message) = delivery else {
                panic!("no message: {delivery:?}");
            };
            assert_eq!(message.sender(), Some(&*echo));
            assert_eq!(message.payload(), [0x91, n]);
        }
        let how = warren_engine::Ending::Terminate;
        native.end_anywhere(&echo, how).await?;
        let Event::Exit { from, outcome, .. } = next_event(&mut native).await else {
            panic!("no exit");
        };
        assert!(from == *echo && outcome.is_failure());
        let gone = native.send_anywhere(&echo, "say", &[0x90]).await;
        assert_eq!(gone.unwrap_err().kind, Kind::NotFound);
        Ok(())
    })
    .await;
    assert_eq!(a.node.kernel().strangers(), 0);
    assert_eq!(b.node.kernel().strangers(), 0);
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn execs_and_watched_ends_cross() {
    let (a, b) = two_nodes(None);
    runs_on(&a, |mut native| async move {
        let nine = native.exec(on_b("t:nine")).await?;
        assert_eq!(*nine, Outcome::Returned(Some([9_u8].as_slice().into())));
        let absent = native.exec(on_b("t:absent")).await?;
        let Outcome::Failed(error) = &*absent else {
            panic!("it started");
        };
        assert_eq!(error.kind, Kind::NotFound);
        // The child may end before its PID is here.
        for _ in 0..20 {
            let child = native.spawn(on_b("t:nine"), MONITORED).await?;
            let Event::Exit { from, outcome, .. } = next_event(&mut native).await else {
                panic!("no exit");
            };
            assert!(from == *child && !outcome.is_failure());
        }
        Ok(())
    })
    .await;
    assert_eq!(a.node.kernel().strangers(), 0);
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_down_ends_ties() {
    let (a, b) = two_nodes(None);
    let node = Arc::clone(&a.node);
    let (told, linked) = tokio::sync::oneshot::channel();
    let told = std::sync::Mutex::new(Some(told));
    let code = NativeCode::new(move |mut native| {
        let told = told.lock().unwrap().take();
        Box::pin(async move {
            native.process().set_trap_links(true);
            let echo = native.spawn(on_b("t:echo"), Relation::default()).await;
            let echo = echo.expect("it starts");
            let linked = native.tie_anywhere(&echo, TieChange::Link).await;
            told.expect("one start")
                .send(linked)
                .expect("the test waits");
            let Event::LinkDown { outcome, .. } = next_event(&mut native).await else {
                panic!("no end of the link");
            };
            (*outcome).clone()
        })
    });
    let started = node.start_process(Start::new("t:main", HOST), Some(code), false);
    let mut running = in_time(started).await.unwrap();
    in_time(linked).await.unwrap().unwrap();
    let down = b.node.kernel().node().expect("it is a node").clone();
    a.node.node_is_down(&down);
    let end = in_time(running.wait()).await;
    let Outcome::Failed(error) = &*end.outcome else {
        panic!("no failure");
    };
    assert_eq!(
        (&error.kind, &*error.message),
        (&Kind::Unavailable, "node b is down")
    );
    a.close().await;
    b.close().await;
}

/// Forbids everything to processes of other nodes.
struct NoStrangers;

impl Authorizer for NoStrangers {
    fn decide(&self, request: &Request<'_>) -> Decision {
        Decision {
            allowed: request.caller.node.is_none(),
            because: "strangers".into(),
            reason: None,
            reuse: Reuse::Caller,
        }
    }

    fn generation(&self) -> u64 {
        0
    }

    fn has_policy(&self, _: &str) -> bool {
        false
    }

    fn named_scope(&self, _: &str) -> Option<Scope> {
        None
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiving_node_judges() {
    let (a, b) = two_nodes(Some(Arc::new(NoStrangers)));
    runs_on(&a, |mut native| async move {
        let denied = native.spawn(on_b("t:echo"), Relation::default()).await;
        assert_eq!(denied.unwrap_err().kind, Kind::PermissionDenied);
        Ok(())
    })
    .await;
    a.close().await;
    b.close().await;
}
