//! Requests of processes without guests, to servers of the tests, by a resolver of the tests.

mod bodies;
mod judging;
mod limits;
mod outgoing;
mod server;
mod sockets;
mod tls;
mod traces;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use warren_engine::Uses;
use warren_engine::capability::{Capability as _, Charge, Step, Waiting};
use warren_kernel::{Error, HostConfig, Kernel};
use warren_values::Value;

use super::{Http, Resolver};
use crate::test::{Tester, of};
use server::{Names, Server};

/// Time for whatever a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// An address that anybody on the internet may have.
const PUBLIC: [u8; 4] = [93, 184, 216, 34];

/// The same address with the port of HTTP.
fn public() -> SocketAddr {
    (PUBLIC, 80).into()
}

/// A client, its resolver, and a process that uses it.
struct World {
    http: Http,
    names: Arc<Names>,
    tester: Tester,
}

impl World {
    /// A process with the grants of `--http`.
    fn new(grants: &[&str]) -> World {
        let names = Arc::new(Names::default());
        let mut tester = Tester::new(&Kernel::new(), HostConfig::default());
        tester.grants.uses = uses(grants);
        World {
            http: Http::new(Some(Arc::clone(&names) as Arc<dyn Resolver>)),
            names,
            tester,
        }
    }

    /// Gives a name the public address, at which a server answers on the port 80.
    fn publish(&self, name: &str, server: &Server) {
        self.names.answers(name, &[&[PUBLIC.into()]]);
        self.names.place(public(), server.address);
    }

    /// Begins a request.
    fn begin(&mut self, method: &str, url: &str, options: Vec<(&str, Value)>) -> Step {
        let options = options.into_iter().map(|(key, value)| (key.into(), value));
        let arguments = [of(method), of(url), Value::Map(options.collect())];
        let request = warren_values::to_value(&arguments[..]).unwrap();
        self.http
            .call(&mut self.tester, "request", request.as_slice())
    }

    async fn request(
        &mut self,
        method: &str,
        url: &str,
        options: Vec<(&str, Value)>,
    ) -> Result<Value, Error> {
        let step = self.begin(method, url, options);
        carried_out(step, Charge::new(|_| Ok(()))).await
    }

    async fn get(&mut self, url: &str) -> Result<Value, Error> {
        self.request("GET", url, Vec::new()).await
    }
}

/// Reads grants as the command does: an origin, and `,private` behind it.
fn uses(grants: &[&str]) -> Uses {
    let mut uses = Uses::default();
    for grant in grants {
        match grant.strip_suffix(",private") {
            Some(origin) => uses.grant("http", origin, "private"),
            None => uses.grant("http", grant, ""),
        }
    }
    uses
}

/// Carries a call out to its end.
async fn carried_out(step: Step, charge: Charge) -> Result<Value, Error> {
    let answer = match step {
        Step::Done(answer) => answer,
        Step::Wait(Waiting { run, .. }) => in_time(run(charge)).await,
        step => panic!("{step:?}"),
    };
    Ok(warren_values::from_value(&answer?).unwrap())
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it is done in time")
}

#[track_caller]
fn text(value: &Value, key: &str) -> String {
    match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        other => panic!("{key} is {other:?} in {value:?}"),
    }
}

#[track_caller]
fn status(value: &Value) -> i64 {
    match value.get("status") {
        Some(Value::Integer(status)) => *status,
        other => panic!("{other:?} in {value:?}"),
    }
}

/// The values of a field of an answer.
fn fields(value: &Value, name: &str) -> Vec<Value> {
    let Some(Value::Array(fields)) = value.get("headers") else {
        panic!("no headers: {value:?}");
    };
    let mut values = Vec::new();
    for field in fields {
        if let Value::Array(pair) = field
            && pair[0] == of(name)
        {
            values.push(pair[1].clone());
        }
    }
    values
}

fn table(pairs: &[(&str, &str)]) -> Value {
    let pairs = pairs.iter().map(|(key, value)| (of(key), of(value)));
    Value::Map(pairs.collect())
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The URL of a path of a server on this machine.
fn local(address: SocketAddr, path: &str) -> String {
    format!("http://{address}{path}")
}
