//! Requests over HTTP with a resolver of the embedder, to a server of the test.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use warren::security::{Authorizer, Decision, Request, Reuse, Scope};
use warren::{
    Code, Connecting, Definition, Grants, Kind, Resolver, Resolving, Runtime, Source, Spawn, Uses,
};

use crate::setup::{builder, run};

/// Time for whatever happens at the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// Finds one name, at an address of this machine, and connects to a server of the test.
#[derive(Debug)]
struct One(SocketAddr);

impl Resolver for One {
    fn resolve(&self, name: &str, port: u16) -> Resolving {
        let is_known = name == "api.internal";
        Box::pin(async move {
            match is_known {
                true => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
                false => Err(std::io::ErrorKind::NotFound.into()),
            }
        })
    }

    fn connect(&self, _: SocketAddr) -> Connecting {
        Box::pin(tokio::net::TcpStream::connect(self.0))
    }
}

/// Starts a server that answers each request with `answer`, or never if it is empty. The
/// receiver hears of the head of each request, and then of the end of its connection.
fn server(answer: &'static str) -> (SocketAddr, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, tell) = (stream.unwrap(), tell.clone());
            std::thread::spawn(move || {
                while let Some(head) = head(&mut stream) {
                    let _ = tell.send(head);
                    if !answer.is_empty() {
                        let _ = stream.write_all(answer.as_bytes());
                    }
                }
                let _ = tell.send("end".to_owned());
            });
        }
    });
    (address, heard)
}

/// Reads the head of a request; `None` at the end of the connection.
fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return None;
        }
        head.push(byte[0]);
    }
    Some(String::from_utf8(head).unwrap())
}

fn heard(receiver: &Receiver<String>) -> String {
    receiver.recv_timeout(PATIENCE).expect("the server tells")
}

/// A definition with these grants, which gets a URL and returns the body.
fn gets(uses: Uses) -> Definition {
    const CODE: &str = "return function(url)\n\
        local response, err = http_client.get(url, { timeout = 60 })\n\
        if not response then error(err) end\n\
        return response.body\n\
        end";
    Definition {
        id: "app:get".into(),
        code: Code::Lua(Source {
            name: "get.lua".into(),
            bytes: CODE.as_bytes().into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::new(Grants {
            uses,
            ..Grants::default()
        }),
    }
}

fn started(address: SocketAddr, right: &str) -> Runtime {
    let uses = Uses::default().with_right("http", "http://api.internal", right);
    let builder = builder().resolver(One(address)).definition(gets(uses));
    builder.start().unwrap()
}

async fn get(runtime: &Runtime, url: &str) -> Result<String, warren::CallError> {
    runtime.exec(Spawn::new("app:get").arg(url)).await
}

const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[test]
fn a_resolver_of_the_embedder_finds_names() {
    run(async {
        let (address, server) = server(ANSWER);
        let runtime = started(address, "private");
        let body = get(&runtime, "http://api.internal/x").await.unwrap();
        assert_eq!(body, "hello");
        assert!(heard(&server).starts_with("GET /x HTTP/1.1\r\n"));
        let error = get(&runtime, "http://other.internal/").await.unwrap_err();
        assert_eq!(*error.kind(), Kind::PermissionDenied, "{error}");
        let metrics = runtime.metrics();
        let line = "warren_capability_calls_total{capability=\"http\"} 2";
        assert!(metrics.lines().any(|has| has == line), "{metrics}");
    });
}

#[test]
fn an_address_of_this_machine_needs_the_right() {
    run(async {
        let (address, server) = server(ANSWER);
        let runtime = started(address, "");
        let error = get(&runtime, "http://api.internal/").await.unwrap_err();
        assert_eq!(*error.kind(), Kind::PermissionDenied, "{error}");
        assert!(error.to_string().contains("private = true"), "{error}");
        assert!(server.try_recv().is_err());
    });
}

/// Permits everything but requests with the method POST, and keeps what it was asked.
#[derive(Default)]
struct NoPosts(Mutex<Vec<String>>);

impl Authorizer for NoPosts {
    fn decide(&self, request: &Request<'_>) -> Decision {
        let is_request = request.action == "http.request";
        if is_request {
            let asked = format!("{:?} {:?}", request.resource, request.attributes);
            self.0.lock().unwrap().push(asked);
        }
        let is_post = |(name, value): &(String, String)| name == "method" && value == "POST";
        Decision {
            allowed: !is_request || !request.attributes.iter().any(is_post),
            because: "the method".into(),
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
fn an_authorizer_sees_the_request() {
    const CODE: &str = "return function()\n\
        local url = 'http://api.internal/x?y#z'\n\
        local got = assert(http.get(url))\n\
        local _, err = http.post(url, { body = 'x' })\n\
        return { got.body, err:kind() }\n\
        end";
    run(async {
        let (address, server) = server(ANSWER);
        let uses = Uses::default().with_right("http", "http://api.internal", "private");
        let authorizer = Arc::new(NoPosts::default());
        let mut definition = gets(uses);
        definition.code = Code::Lua(Source {
            name: "get.lua".into(),
            bytes: CODE.as_bytes().into(),
        });
        let runtime = builder()
            .resolver(One(address))
            .definition(definition)
            .authorizer(Arc::clone(&authorizer) as Arc<dyn Authorizer>)
            .start()
            .unwrap();
        let all: (String, String) = runtime.exec("app:get").await.unwrap();
        assert_eq!(all, ("hello".to_owned(), "PermissionDenied".to_owned()));
        assert!(heard(&server).starts_with("GET /x?y HTTP/1.1\r\n"));
        assert!(server.try_recv().is_err());
        let asked = authorizer.0.lock().unwrap().clone();
        assert_eq!(asked.len(), 2, "{asked:?}");
        for part in [
            r#"Origin("http://api.internal")"#,
            r#"("path", "/x")"#,
            r#"("url", "http://api.internal/x?y")"#,
        ] {
            assert!(asked.iter().all(|asked| asked.contains(part)), "{asked:?}");
        }
    });
}

#[test]
fn a_request_ends_with_its_process() {
    run(async {
        let (address, server) = server("");
        let runtime = started(address, "private");
        let url = "http://api.internal/";
        let process = runtime.spawn(Spawn::new("app:get").arg(url)).await.unwrap();
        assert!(heard(&server).starts_with("GET / "));
        process.terminate().unwrap();
        assert_eq!(heard(&server), "end");
    });
}
