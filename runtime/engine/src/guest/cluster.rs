//! The operations `process.node`, `process.nodes`, `process.monitor_nodes`, and those of names
//! of the cluster.

use std::sync::Arc;

use rmpv::Value;
use warren_kernel::{Error, Pid};

use super::Guest;
use super::called::{Called, are_values};
use super::shared::Shared;
use crate::capability::AT_ONCE;
use crate::codec;
use crate::operand::NAME;
use crate::security::Refusal;

/// The operation that returns the name of the node.
pub(super) const NODE: &str = "process.node";
/// The operation that returns the names of all nodes that are up.
pub(super) const NODES: &str = "process.nodes";
/// The operation that begins or ends the news of nodes.
pub(super) const MONITOR_NODES: &str = "process.monitor_nodes";
/// The operation that gives a name of the cluster: a name, and a PID or nil.
pub(super) const REGISTER: &str = "process.register";
/// The operation that sends a message and holds up one coroutine alone.
pub(super) const SEND: &str = "process.send";
/// The operation that frees a name of the cluster.
pub(super) const UNREGISTER: &str = "process.unregister";

/// Withdraws at the end of the code that asked for news of nodes.
struct Asking {
    shared: Arc<Shared>,
    pid: Pid,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.shared.node_watchers.withdraw(self.pid);
    }
}

impl Guest {
    /// Calls an operation of this file; `None` for another one.
    ///
    /// # Errors
    ///
    /// `Invalid` for arguments of another type; those of the operation.
    pub(super) fn cluster_call(
        &mut self,
        operation: &str,
        request: &[u8],
    ) -> Option<Result<Called, Refusal>> {
        Some(match operation {
            NODE => self.node_name().map_err(Refusal::from),
            NODES => self.node_names().map_err(Refusal::from),
            MONITOR_NODES => self.monitor_nodes(request).map_err(Refusal::from),
            SEND => self.send_by(request),
            REGISTER => self.register_by(request),
            UNREGISTER => self.unregister_by(request),
            _ => return None,
        })
    }

    /// Answers with the name of the node, or nil without a cluster.
    fn node_name(&self) -> Result<Called, Error> {
        self.process()?;
        let remote = self.shared.remote.as_ref();
        let name = remote.map_or(Value::Nil, |remote| remote.node().name.as_str().into());
        Ok(Called::Answer(codec::encode(&name).to_vec()))
    }

    /// Answers with the names of all nodes that are up, this one among them, in order.
    fn node_names(&self) -> Result<Called, Error> {
        self.process()?;
        let mut names: Vec<String> = Vec::new();
        if let Some(remote) = &self.shared.remote {
            let all = remote.nodes().into_iter().chain([remote.node().clone()]);
            names.extend(all.map(|node| node.name.as_str().to_owned()));
        }
        names.sort_unstable();
        let names = names.into_iter().map(Value::from).collect();
        Ok(Called::Answer(codec::encode(&Value::Array(names)).to_vec()))
    }

    fn monitor_nodes(&mut self, request: &[u8]) -> Result<Called, Error> {
        let process = Arc::clone(self.process()?);
        let arguments = read(request)?;
        let is_on = match arguments.first() {
            None | Some(Value::Nil) => true,
            Some(Value::Boolean(is_on)) => *is_on,
            Some(_) => return Err(Error::invalid("the argument is no boolean")),
        };
        let watchers = |shared: &Arc<Shared>| Asking {
            shared: Arc::clone(shared),
            pid: process.pid(),
        };
        if is_on {
            let shared = Arc::clone(&self.shared);
            self.kept.get().state(|| watchers(&shared))?;
            self.shared.node_watchers.ask(&process);
        } else {
            self.shared.node_watchers.withdraw(process.pid());
        }
        Ok(Called::Answer(super::watch::TRUE.to_vec()))
    }

    fn register_by(&mut self, request: &[u8]) -> Result<Called, Refusal> {
        let arguments = read(request)?;
        let name = name_of(&arguments)?;
        let pid = match arguments.get(1) {
            None | Some(Value::Nil) => None,
            Some(pid) => Some(
                pid.as_str()
                    .ok_or_else(|| Error::invalid("the PID is no text"))?,
            ),
        };
        NAME.check("pid", pid.unwrap_or_default().len())?;
        self.register_in_cluster(name, pid)?;
        Ok(Called::Answer(super::watch::TRUE.to_vec()))
    }

    fn unregister_by(&mut self, request: &[u8]) -> Result<Called, Refusal> {
        let arguments = read(request)?;
        let was_held = self.unregister_in_cluster(name_of(&arguments)?)?;
        Ok(Called::Answer(
            codec::encode(&Value::Boolean(was_held)).to_vec(),
        ))
    }
}

/// Reads the arguments of a request.
fn read(request: &[u8]) -> Result<Vec<Value>, Error> {
    if request.len() > AT_ONCE {
        return Err(Error::invalid("the arguments are too long"));
    }
    are_values(request)?;
    match codec::read(request) {
        Ok(Value::Array(arguments)) => Ok(arguments),
        _ => Err(Error::invalid("the arguments are no array of values")),
    }
}

fn name_of(arguments: &[Value]) -> Result<&str, Error> {
    let name = arguments.first().and_then(Value::as_str);
    let name = name.ok_or_else(|| Error::invalid("the name is missing or no text"))?;
    NAME.check("name", name.len())?;
    Ok(name)
}
