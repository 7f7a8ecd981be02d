//! Nodes over a real server of NATS with JetStream.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test program")]

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use warren_cluster::{
    Answer, Answerer, Ask, Caller, Cluster, Config, GroupChange, Handler, IncomingId, Nats,
    NatsSettings, NodeChange, Notice, OF_NODES, Place, Request,
};
use warren_kernel::{Kind, NodeId, Pid};
use warren_tests::nats::Server;

/// Time for anything that has to happen.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Answers each call with its arguments, and reports news of nodes.
struct Echo(mpsc::UnboundedSender<NodeChange>);

impl Handler for Echo {
    fn request(&self, _from: &NodeId, request: Request, answerer: Answerer) {
        let Ask::Call { arguments, .. } = request.ask else {
            return;
        };
        answerer.answer(Ok(Answer::Value(arguments)));
    }

    fn abandoned(&self, _request: IncomingId) {}

    fn notice(&self, _from: &NodeId, _notice: Notice) {}

    fn node(&self, change: NodeChange) {
        // Nobody listens once a test has ended.
        let _ = self.0.send(change);
    }

    fn name_lost(&self, _name: &str, _holder: Pid) {}

    fn group(&self, _change: GroupChange) {}

    fn deposed(&self, _reason: &str) {}
}

struct Node {
    cluster: Cluster,
    changes: mpsc::UnboundedReceiver<NodeChange>,
}

impl Node {
    async fn join(server: &Server, name: &str) -> Node {
        let settings = NatsSettings {
            url: server.url.clone(),
            credentials: None,
            insecure: false,
        };
        let transport = Nats::connect(settings).await.unwrap();
        let (news, changes) = mpsc::unbounded_channel();
        let config = Config::new("test".parse().unwrap(), name.parse().unwrap());
        let cluster = Cluster::join(config, transport, Arc::new(Echo(news))).await;
        let cluster = cluster.unwrap();
        Node { cluster, changes }
    }

    async fn change(&mut self) -> NodeChange {
        soon(self.changes.recv()).await.unwrap()
    }

    async fn sees(&mut self, other: &NodeId) {
        assert_eq!(self.change().await, NodeChange::Up(other.clone()));
    }

    async fn echo(&self, to: &NodeId, arguments: &[u8]) {
        let answer = self.cluster.request(to, call(arguments));
        let expected = Answer::Value(Bytes::copy_from_slice(arguments));
        assert_eq!(soon(answer).await, Ok(expected));
    }
}

fn call(arguments: &[u8]) -> Request {
    Request {
        caller: Caller::default(),
        ask: Ask::Call {
            operation: "echo".to_owned(),
            arguments: Bytes::copy_from_slice(arguments),
        },
    }
}

fn place(number: u64) -> Place {
    Place {
        host: "app:processes".into(),
        pid: Pid::from_number(number).unwrap(),
    }
}

async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(TIMEOUT, future)
        .await
        .expect("in time")
}

async fn pair(server: &Server) -> (Node, Node) {
    let mut a = Node::join(server, "a").await;
    let mut b = Node::join(server, "b").await;
    let (of_a, of_b) = (a.cluster.node().clone(), b.cluster.node().clone());
    a.sees(&of_b).await;
    b.sees(&of_a).await;
    (a, b)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_meet_answer_and_part() {
    let server = Server::start();
    let (a, mut b) = pair(&server).await;
    let (of_a, of_b) = (a.cluster.node().clone(), b.cluster.node().clone());
    a.echo(&of_b, b"hello").await;
    b.echo(&of_a, b"hello").await;
    // Larger than any packet of the server.
    a.echo(&of_b, &vec![7; 3 << 20]).await;
    assert_eq!(a.cluster.nodes()[0].id, of_b);
    assert!(a.cluster.nodes()[0].figures.bytes_sent > 3 << 20);

    let token = soon(a.cluster.register("room", &place(1))).await.unwrap();
    assert_eq!(a.cluster.holds("room"), Some(token));
    let taken = soon(b.cluster.register("room", &place(1)))
        .await
        .unwrap_err();
    assert_eq!(taken.kind, Kind::AlreadyExists);
    let holder = soon(b.cluster.lookup("room")).await.unwrap();
    assert_eq!((&holder.address.node, holder.token), (&of_a, token));
    assert_eq!(soon(b.cluster.unregister("room")).await, Ok(true));
    assert_eq!(a.cluster.holds("room"), None);
    let free = soon(b.cluster.lookup("room")).await.unwrap_err();
    assert_eq!(free.kind, Kind::NotFound);
    let next = soon(b.cluster.register("room", &place(1))).await.unwrap();
    assert!(next > token);

    a.cluster.join_group("g", &place(1));
    a.echo(&of_b, b"after the join").await;
    assert_eq!(b.cluster.members("g").len(), 1);
    soon(a.cluster.leave()).await;
    let down = b.change().await;
    let reason = "it has left the cluster".to_owned();
    assert_eq!(down, NodeChange::Down(of_a.clone(), reason));
    assert!(b.cluster.members("g").is_empty());
    let error = soon(b.cluster.request(&of_a, call(b"x")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.retryable),
        (Kind::Unavailable, Some(true))
    );

    let again = Node::join(&server, "a").await;
    assert!(again.cluster.node().incarnation > of_a.incarnation);
    b.sees(again.cluster.node()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_listed_in_pages_with_their_holders() {
    let server = Server::start();
    let (a, b) = pair(&server).await;
    let names = ["shop:a", "shop:b", "shop:c", "\u{e9}"];
    for (name, node) in names.into_iter().zip([&a, &b, &a, &b]) {
        soon(node.cluster.register(name, &place(1))).await.unwrap();
    }
    assert_eq!(soon(a.cluster.unregister("shop:c")).await, Ok(true));
    let mut listed = Vec::new();
    let mut after = String::new();
    loop {
        let page = soon(a.cluster.names(&after, 2)).await.unwrap();
        assert!(page.names.len() <= 2, "{page:?}");
        listed.extend(page.names);
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    listed.sort_by(|one, other| one.0.cmp(&other.0));
    let holders = listed.iter().map(|(name, holder)| {
        let node = holder.address.node.name.as_str();
        (name.as_str(), node, holder.address.pid)
    });
    let pid = place(1).pid;
    let expected = [
        ("shop:a", "a", pid),
        ("shop:b", "b", pid),
        ("\u{e9}", "b", pid),
    ];
    assert_eq!(holders.collect::<Vec<_>>(), expected);
    assert_eq!(a.cluster.holds("shop:a"), Some(listed[0].1.token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_a_node_holds_for_itself_is_freed_for_no_other_node() {
    let server = Server::start();
    let (a, b) = pair(&server).await;
    let name = format!("{OF_NODES}service/app:clock");
    let token = soon(a.cluster.register(&name, &place(1))).await.unwrap();
    assert_eq!(soon(b.cluster.unregister(&name)).await, Ok(false));
    assert_eq!(a.cluster.holds(&name), Some(token));
    let taken = soon(b.cluster.register(&name, &place(1))).await;
    assert_eq!(taken.unwrap_err().kind, Kind::AlreadyExists);
    assert_eq!(soon(a.cluster.unregister(&name)).await, Ok(true));
    let next = soon(b.cluster.register(&name, &place(1))).await.unwrap();
    assert!(next > token);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_comes_back_loses_nothing() {
    let mut server = Server::start();
    let (a, mut b) = pair(&server).await;
    let of_b = b.cluster.node().clone();
    server.kill();
    let pending: Vec<_> = (0..100_u8)
        .map(|n| a.cluster.request(&of_b, call(&[n])))
        .collect();
    server.start_again();
    for (n, answer) in (0_u8..).zip(pending) {
        let expected = Answer::Value(Bytes::copy_from_slice(&[n]));
        assert_eq!(soon(answer).await, Ok(expected));
    }
    assert!(b.changes.try_recv().is_err(), "nobody was down");
    soon(a.cluster.register("room", &place(1))).await.unwrap();
}

#[test]
fn a_node_that_is_killed_is_down_soon() {
    let server = Server::start();
    let survivor = tokio::runtime::Runtime::new().unwrap();
    let killed = tokio::runtime::Runtime::new().unwrap();
    let mut b = survivor.block_on(Node::join(&server, "b"));
    let a = killed.block_on(Node::join(&server, "a"));
    let of_a = a.cluster.node().clone();
    survivor.block_on(b.sees(&of_a));
    let pending = b.cluster.request(&of_a, call(b"x"));
    assert!(survivor.block_on(soon(pending)).is_ok());
    // Its tasks end without a word.
    killed.shutdown_background();
    let begin = Instant::now();
    let pending = b.cluster.request(&of_a, call(b"x"));
    let change = survivor.block_on(b.change());
    let NodeChange::Down(node, reason) = change else {
        panic!("it is down: {change:?}");
    };
    assert_eq!((node, &*reason), (of_a, "no sign of life for 5s"));
    println!("down after {:?}", begin.elapsed());
    let error = survivor.block_on(soon(pending)).unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_machine_needs_credentials() {
    let settings = |insecure| NatsSettings {
        url: "nats://192.0.2.1:4222".to_owned(),
        credentials: None,
        insecure,
    };
    let error = Nats::connect(settings(false)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    let none = NatsSettings {
        url: "nats://127.0.0.1:1".to_owned(),
        credentials: None,
        insecure: false,
    };
    let error = soon(Nats::connect(none)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
}

/// Prints the round trip of a session beside that of the server's own request and reply.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn figures() {
    const TRIPS: u32 = 5_000;
    let server = Server::start();
    let (a, b) = pair(&server).await;
    let of_b = b.cluster.node().clone();
    let bare = async_nats::connect(&server.url).await.unwrap();
    let replier = async_nats::connect(&server.url).await.unwrap();
    let mut asked = replier.subscribe("bare").await.unwrap();
    replier.flush().await.unwrap();
    tokio::spawn(async move {
        while let Some(message) = futures::StreamExt::next(&mut asked).await {
            let reply = message.reply.unwrap();
            replier.publish(reply, message.payload).await.unwrap();
        }
    });
    let payload = Bytes::from(vec![0; 64]);
    for round in 0..3 {
        let begin = Instant::now();
        for _ in 0..TRIPS {
            bare.request("bare", payload.clone()).await.unwrap();
        }
        let of_bare = begin.elapsed() / TRIPS;
        let begin = Instant::now();
        for _ in 0..TRIPS {
            a.cluster.request(&of_b, call(&payload)).await.unwrap();
        }
        let of_session = begin.elapsed() / TRIPS;
        println!("{round}: bare {of_bare:?}, session {of_session:?}");
    }
    let begin = Instant::now();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (cluster, to, payload) = (a.cluster.clone(), of_b.clone(), payload.clone());
            tokio::spawn(async move {
                for _ in 0..2_000 {
                    cluster.request(&to, call(&payload)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let rate = 64.0 * 2_000.0 / begin.elapsed().as_secs_f64();
    println!("64 pairs: {rate:.0} requests and answers a second");
}
