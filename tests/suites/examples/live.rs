//! `examples/live`: a room with a thousand people in it, and the page in a browser.

use std::net::SocketAddr;
use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::Barrier;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use warren_tests::{TIMEOUT, Warren};

use super::browser::Browser;
use super::client::{Request, Server};

/// People in one room.
const PEOPLE: usize = 1_000;

/// Lines that each of the first three says.
const LINES: usize = 10;

/// Files that the program and the clients have open, at most.
const FILES: u64 = 4_096;

fn start() -> Server {
    Server::start(Warren::run("examples/live").open_files(FILES))
}

/// Lets this process open a socket for each client.
fn open_files() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < FILES) {
        let more = Rlimit {
            current: Some(FILES),
            ..limit
        };
        setrlimit(Resource::Nofile, more).expect("`ulimit -Hn` is 4096 or more");
    }
}

/// Runs clients, which have the time of a test.
#[track_caller]
fn run(clients: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build();
    let in_time = async { tokio::time::timeout(TIMEOUT, clients).await };
    let ended = runtime.expect("threads").block_on(in_time);
    ended.expect("the clients come to their end in time");
}

/// Someone in a room.
struct Person(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Person {
    async fn try_enter(address: SocketAddr, room: &str, name: &str) -> Result<Person, Box<Error>> {
        let url = format!("ws://{address}/rooms/{room}?name={name}");
        // Less than the default, for a thousand.
        let config = WebSocketConfig::default().read_buffer_size(4 << 10);
        let connected = connect_async_with_config(url, Some(config), false).await;
        Ok(Person(connected.map_err(Box::new)?.0))
    }

    async fn enter(address: SocketAddr, room: &str, name: &str) -> Person {
        let entered = Person::try_enter(address, room, name).await;
        entered.unwrap_or_else(|error| panic!("{name} is not let in: {error}"))
    }

    async fn say(&mut self, text: &str) {
        let sent = self.0.send(Message::text(text)).await;
        sent.expect("the socket is open");
    }

    /// Returns the data of the next frame with a topic.
    async fn hear(&mut self, topic: &str) -> Value {
        loop {
            let frame = self.0.next().await.expect("the socket stays open");
            let Message::Text(text) = frame.expect("a frame") else {
                continue;
            };
            let mut frame: Value = serde_json::from_str(&text).expect("a frame is JSON");
            if frame["topic"] == topic {
                return frame["data"].take();
            }
        }
    }

    /// Waits until so many people are in the room.
    async fn wait_for(&mut self, count: usize) -> Value {
        loop {
            let here = self.hear("here").await;
            if here["count"] == json!(count) {
                return here;
            }
        }
    }

    /// Closes the socket in order.
    async fn leave(mut self) {
        self.0.close(None).await.expect("the socket is open");
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

#[test]
fn a_thousand_people_hear_each_other() {
    open_files();
    let server = start();
    let address = server.address;
    run(async move {
        let all = Arc::new(Barrier::new(PEOPLE));
        let people = (0..PEOPLE).map(|number| {
            let all = Arc::clone(&all);
            tokio::spawn(talk(address, number, all))
        });
        // Each is a task from here on.
        let people: Vec<_> = people.collect();
        for person in people {
            person.await.expect("nobody is missing");
        }
    });
    server.end();
}

/// The stay of one of a thousand.
async fn talk(address: SocketAddr, number: usize, all: Arc<Barrier>) {
    let mut person = Person::enter(address, "hall", &format!("p{number}")).await;
    person.wait_for(PEOPLE).await;
    all.wait().await;

    let speakers = 3;
    if number < speakers {
        for line in 0..LINES {
            person.say(&line.to_string()).await;
        }
    }
    // Everybody hears all lines, those of one speaker in their order.
    let mut heard = [0_usize; 3];
    for _ in 0..speakers * LINES {
        let line = person.hear("said").await;
        let from = line["from"]
            .as_str()
            .and_then(|name| name.strip_prefix('p'));
        let from: usize = from.and_then(|number| number.parse().ok()).expect("a name");
        assert_eq!(line["text"], json!(heard[from].to_string()), "{line}");
        heard[from] += 1;
    }
    all.wait().await;

    if number >= PEOPLE / 2 {
        // Half of them without a word.
        if number.is_multiple_of(2) {
            person.leave().await;
        }
        return;
    }
    person.wait_for(PEOPLE / 2).await;
    all_have_seen_it(&mut person, number).await;
}

/// A member that has seen the last count still hears the others.
async fn all_have_seen_it(person: &mut Person, number: usize) {
    if number == 0 {
        person.say("good night").await;
    }
    let line = person.hear("said").await;
    assert_eq!(line, json!({ "from": "p0", "text": "good night" }));
}

#[test]
fn whoever_enters_hears_what_was_said() {
    let server = start();
    let address = server.address;
    let plain = server.ask(&Request::new("GET", "/rooms/attic?name=%3Cb%3E"));
    assert_eq!(plain.status, 400, "{plain:?}");
    run(async move {
        for (room, name) in [("attic", "%3Cb%3E"), ("a%20b", "ada"), ("attic", "")] {
            match Person::try_enter(address, room, name).await.map_err(|e| *e) {
                Err(Error::Http(response)) => assert_eq!(response.status(), 400),
                Err(error) => panic!("{error}"),
                Ok(_) => panic!("{name} is let in"),
            }
        }
        let mut ada = Person::enter(address, "attic", "ada").await;
        assert_eq!(ada.hear("history").await, json!([]));
        ada.say("is anybody here?").await;
        let line = ada.hear("said").await;
        let mut bob = Person::enter(address, "attic", "bob").await;
        assert_eq!(bob.hear("history").await, json!([line]));
        // Other rooms are other processes.
        let mut cid = Person::enter(address, "cellar", "cid").await;
        assert_eq!(cid.hear("history").await, json!([]));
        let here = ada.wait_for(2).await;
        assert_eq!(here["names"], json!(["ada", "bob"]));
        bob.leave().await;
        let here = ada.wait_for(1).await;
        assert_eq!(here["names"], json!(["ada"]));
    });
    server.end();
}

#[test]
fn the_page_talks_in_a_browser() {
    let server = start();
    let address = server.address;
    let mut browser = Browser::start();
    browser.open(&format!("http://{address}/"));
    browser.type_into("#name", "bea");
    browser.click("#enter button");
    browser.wait_for_text("#here", "1 here: bea");
    run(async move {
        let mut ada = Person::enter(address, "lobby", "ada").await;
        ada.wait_for(2).await;
        ada.say("<b>hello</b>").await;
        ada.hear("said").await;
        ada.leave().await;
    });
    browser.wait_for_text("#lines li:last-child", "<b>hello</b>");
    browser.wait_for_text("#here", "1 here: bea");
    browser.type_into("#text", "who was that?");
    browser.press_enter();
    browser.wait_for_text("#lines li:last-child", "who was that?");
    let names = "Array.from(document.querySelectorAll('#lines b'), (name) => name.textContent)";
    assert_eq!(browser.evaluate(names), json!(["ada", "bea"]));
    server.end();
}
