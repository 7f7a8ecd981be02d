//! Starts of processes on other nodes.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, join_all, select};
use warren_kernel::{Error, Kind, NodeId, NodeName, Relation, Subscription, text};

use super::far::{ended, unexpected};
use super::{Guest, Start};
use crate::remote::{FarAnswer, FarAsk, FarStart};

/// Time that a node has to say how many processes a host has.
const PATIENCE: Duration = Duration::from_millis(500);

/// Starts on other nodes.
impl Guest {
    /// Returns true if a start may be of another node.
    pub(super) fn names_node(&self, start: &Start) -> bool {
        self.shared.remote.is_some() && start.host.contains('@')
    }

    /// Returns the node of a start that is of another one. Takes the name off a host of this node.
    pub(super) async fn is_far(&mut self, start: &mut Start) -> Result<Option<NodeId>, Error> {
        let Some(remote) = self.shared.remote.as_ref().map(Arc::clone) else {
            return Ok(None);
        };
        let Some((node, host)) = start.host.split_once('@') else {
            return Ok(None);
        };
        let host = host.to_owned();
        let chosen = match node {
            "*" => self.least_loaded(&host).await?,
            name => {
                let name: NodeName = name.parse()?;
                let own = remote.node();
                let mut all = remote.nodes().into_iter().chain([own.clone()]);
                let found = all.find(|node| node.name == name);
                found.ok_or_else(|| node_is_down(&name))?
            }
        };
        let is_own = chosen == *remote.node();
        if is_own {
            start.host = host;
        }
        Ok((!is_own).then_some(chosen))
    }

    /// Returns the node with the fewest processes in a host, of those that are up and have
    /// the host.
    async fn least_loaded(&mut self, host: &str) -> Result<NodeId, Error> {
        let errand = self.errand()?;
        let own = self.shared.kernel.host(host);
        let own = own.map(|host| host.live() as u64);
        let host = host.to_owned();
        let shared = Arc::clone(&self.shared);
        let chosen = async move {
            let own_node = errand.remote.node().clone();
            let nodes = errand.remote.nodes();
            let loads = nodes.into_iter().map(|node| {
                let host = host.clone();
                let (errand, shared) = (&errand, &shared);
                async move {
                    let asked = node.clone();
                    let answer = pin!(errand.ask(&asked, FarAsk::Load { host }));
                    // A node that does not answer is not chosen.
                    let late = pin!(shared.sleep(PATIENCE));
                    match select(answer, late).await {
                        Either::Left((answer, _)) => Some((node, answer)),
                        Either::Right(_) => None,
                    }
                }
            });
            let mut known: Vec<(u64, NodeId)> = Vec::new();
            for (node, answer) in join_all(loads).await.into_iter().flatten() {
                if let Ok(FarAnswer::Number(load)) = answer {
                    known.push((load, node));
                }
            }
            let absent = match own {
                Ok(load) => {
                    known.push((load, own_node));
                    None
                }
                Err(absent) => Some(absent),
            };
            let least = known.into_iter().min();
            least.map(|(_, node)| node).ok_or(absent)
        };
        let chosen = self.control.outside(chosen).await;
        chosen.map_err(|absent| absent.unwrap_or_else(|| Error::internal("no node is up")))
    }

    /// Starts a process on another node; returns its PID.
    pub(super) async fn spawn_far(
        &mut self,
        node: NodeId,
        start: Start,
        relation: Relation,
    ) -> Result<Arc<str>, Error> {
        self.start_far(node, far_start(start, relation)).await
    }

    /// Starts a process on another node and watches it from before it runs; returns its PID
    /// and the subscription that yields its outcome.
    pub(super) async fn spawn_watched_far(
        &mut self,
        node: NodeId,
        start: Start,
        relation: Relation,
    ) -> Result<(Arc<str>, Subscription), Error> {
        let start = FarStart {
            watched: true,
            ..far_start(start, relation)
        };
        let pid = self.start_far(node, start).await?;
        let subscription = self.watch_far_pid(&pid)?;
        Ok((pid, subscription))
    }

    async fn start_far(&mut self, node: NodeId, start: FarStart) -> Result<Arc<str>, Error> {
        let errand = self.errand()?;
        let relation = start.relation;
        let spawned = async move {
            let expecting = errand.kernel.expect_far(&errand.process);
            let answer = errand.ask(&node, FarAsk::Spawn(Box::new(start))).await?;
            let FarAnswer::Spawned(child) = answer else {
                return Err(unexpected());
            };
            let adopted = expecting.adopt(&child, relation);
            if let Err(error) = adopted {
                // A child that is not linked outlives a parent that has ended meanwhile.
                if relation.linked || error.kind != Kind::NotFound {
                    let to = child.clone();
                    // Fails if the child has ended, or its node is down.
                    let _ = errand.ask(&node, FarAsk::Terminate { to }).await;
                }
                return Err(error);
            }
            // The news that the node is down may have come before the ties were set.
            if relation != Relation::default() && !errand.remote.nodes().contains(&node) {
                errand.untie_here(true, &child.text);
                errand.untie_here(false, &child.text);
                return Err(node_is_down(&node.name));
            }
            Ok(child.text)
        };
        // A task of its own: if the parent ends while it waits, the child is not forgotten.
        let task = self.shared.tokio.spawn(spawned);
        let spawned = async move {
            let ended = |_| Err(Error::internal("the start was dropped"));
            task.await.unwrap_or_else(ended)
        };
        self.control.outside(spawned).await
    }

    /// Starts a process on another node; returns the subscription that yields its outcome,
    /// or the error of the start.
    pub(super) fn exec_far(&mut self, node: NodeId, start: Start) -> Result<Subscription, Error> {
        let errand = self.errand()?;
        let start = far_start(start, Relation::default());
        let process = Arc::clone(&errand.process);
        let ended = async move { ended(errand.ask(&node, FarAsk::Exec(Box::new(start))).await) };
        Ok(self.begin_far(process, ended)?.0)
    }
}

/// Returns the start for another node.
fn far_start(start: Start, relation: Relation) -> FarStart {
    let host = start.host.split_once('@');
    FarStart {
        host: host.map_or("", |(_, host)| host).to_owned(),
        definition: start.definition,
        arguments: start.arguments,
        name: start.name,
        messages: start.messages,
        relation,
        context: start.context,
        identity: start.identity,
        call: start.call,
        watched: false,
    }
}

fn node_is_down(name: &NodeName) -> Error {
    let message = format!("node {} is not up", text::line(name.as_str()));
    Error::new(Kind::Unavailable, message).with("node", name.as_str())
}
