//! Requests in both directions, and notices.

use std::collections::BTreeMap;

use warren_kernel::{Error, Kind, Monotonic, NodeId};

use super::{CallId, Core, Output, node_is_down};
use crate::news::IncomingId;
use crate::signal::{Ask, Notice, Reply, Request};
use crate::wire::signal::Signal;

/// Requests of one node that may wait for an answer.
const MOST_OPEN: usize = 1 << 20;

/// The open requests.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Requests of this node, by the number of the call.
    outgoing: BTreeMap<CallId, NodeId>,
    /// Requests of other nodes.
    incoming: BTreeMap<IncomingId, (NodeId, u64)>,
    /// The same, by node and number there.
    by_number: BTreeMap<NodeId, BTreeMap<u64, IncomingId>>,
    next_incoming: u64,
}

impl Requests {
    #[cfg(test)]
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.outgoing.len(), self.incoming.len())
    }

    /// Forgets all requests, and returns those of this node.
    pub(super) fn drain(&mut self) -> Vec<CallId> {
        std::mem::take(self).outgoing.into_keys().collect()
    }
}

impl Core {
    /// Sends a request. Its answer comes as [`Output::Reply`].
    pub(crate) fn request(&mut self, to: &NodeId, request: Request) -> CallId {
        let call = self.new_call();
        match self.begin(call, to, request) {
            Ok(()) => {
                self.requests.outgoing.insert(call, to.clone());
            }
            Err(error) => self.outputs.push_back(Output::Reply(call, Err(error))),
        }
        call
    }

    fn begin(&mut self, call: CallId, to: &NodeId, request: Request) -> Result<(), Error> {
        if self.is_over || !self.is_up(to) {
            return Err(node_is_down(&to.name, "no"));
        }
        let signal = Signal::Request(call.0, request).encode();
        self.check_size(signal.len())?;
        if !self.has_room(to, signal.len()) {
            let backlog = self.config.backlog as u64;
            let message = format!("{backlog} bytes wait for node {} already", to.name);
            return Err(
                Error::at_limit(Kind::RateLimited, "backlog", backlog, message)
                    .with("node", to.name.as_str()),
            );
        }
        self.signal_bytes(to, signal);
        Ok(())
    }

    fn check_size(&self, bytes: usize) -> Result<(), Error> {
        let most = self.config.max_signal;
        if bytes <= most {
            return Ok(());
        }
        let message = format!("{bytes} bytes are more than the {most} that nodes exchange at once");
        Err(Error::at_limit(
            Kind::Invalid,
            "max_signal",
            most as u64,
            message,
        ))
    }

    /// Gives up waiting for an answer.
    pub(crate) fn abandon(&mut self, call: CallId) {
        if let Some(to) = self.requests.outgoing.remove(&call) {
            self.signal(&to, &Signal::Abandon(call.0));
        }
    }

    /// Answers a request of another node. An answer that nobody waits for is dropped.
    pub(crate) fn answer(&mut self, request: IncomingId, reply: Reply) {
        let Some((node, number)) = self.requests.incoming.remove(&request) else {
            return;
        };
        self.forget_number(&node, number);
        let mut signal = Signal::Answer(number, reply).encode();
        if let Err(error) = self.check_size(signal.len()) {
            signal = Signal::Answer(number, Err(error)).encode();
        }
        self.signal_bytes(&node, signal);
    }

    fn forget_number(&mut self, node: &NodeId, number: u64) -> Option<IncomingId> {
        let numbers = self.requests.by_number.get_mut(node)?;
        let request = numbers.remove(&number);
        if numbers.is_empty() {
            self.requests.by_number.remove(node);
        }
        request
    }

    /// Sends a notice. Returns false if the node is not up, or if there is no room.
    pub(crate) fn notify(&mut self, to: &NodeId, notice: &Notice, now: Monotonic) -> bool {
        (self.is_up(to) && self.keeps_end(to, notice, now)) || self.send_notice(to, notice)
    }

    pub(super) fn send_notice(&mut self, to: &NodeId, notice: &Notice) -> bool {
        let signal = Signal::Notice(notice.clone()).encode();
        // News of ends are not refused: a tie would never end.
        let is_end = matches!(notice, Notice::Ended(_));
        let fits = self.check_size(signal.len()).is_ok();
        let sends = self.is_up(to) && fits && (is_end || self.has_room(to, signal.len()));
        if sends {
            self.signal_bytes(to, signal);
        }
        sends
    }

    /// Sends a notice to some nodes. Returns the number of those that are up and have room.
    pub(crate) fn notify_each(&mut self, nodes: &[NodeId], notice: &Notice) -> usize {
        let signal = Signal::Notice(notice.clone()).encode();
        if self.check_size(signal.len()).is_err() {
            return 0;
        }
        let mut sent = 0;
        for node in nodes {
            if self.is_up(node) && self.has_room(node, signal.len()) {
                self.signal_bytes(node, signal.clone());
                sent += 1;
            }
        }
        sent
    }

    /// Takes a signal of a node that is up.
    pub(super) fn received(&mut self, from: &NodeId, signal: Signal, now: Monotonic) {
        match signal {
            Signal::Request(number, request) => self.requested(from, number, request, now),
            Signal::Answer(number, reply) => {
                let call = CallId(number);
                // An answer to a request that was abandoned is nobody's.
                if self.requests.outgoing.get(&call) == Some(from) {
                    self.requests.outgoing.remove(&call);
                    self.outputs.push_back(Output::Reply(call, reply));
                }
            }
            Signal::Abandon(number) => {
                if let Some(request) = self.forget_number(from, number) {
                    self.requests.incoming.remove(&request);
                    self.outputs.push_back(Output::Abandoned(request));
                }
            }
            Signal::Notice(notice) => {
                self.outputs.push_back(Output::Notice(from.clone(), notice));
            }
            Signal::Join(group, places) => self.joined(from, group, places, now),
            Signal::Leave(group, places) => self.left(from, group, places),
            Signal::CheckName(name, revision) => self.check_name(&name, revision, now),
            Signal::Release(number, name) => self.release(from, number, &name, now),
            Signal::Released(number, was_held) => self.released(from, number, was_held),
            Signal::Unknown => {}
        }
    }

    fn requested(&mut self, from: &NodeId, number: u64, request: Request, now: Monotonic) {
        if request.ask == Ask::Unknown {
            let error = Error::invalid(format!(
                "node {} does not know this request: its version is older",
                self.node.name
            ));
            return self.signal(from, &Signal::Answer(number, Err(error)));
        }
        let numbers = self.requests.by_number.entry(from.clone()).or_default();
        if numbers.contains_key(&number) || numbers.len() >= MOST_OPEN {
            let reason = match numbers.len() >= MOST_OPEN {
                true => format!("more than {MOST_OPEN} requests at once"),
                false => "two requests of one number".to_owned(),
            };
            return self.cut_off(&from.name, reason, now);
        }
        let id = IncomingId(self.requests.next_incoming);
        self.requests.next_incoming += 1;
        numbers.insert(number, id);
        self.requests.incoming.insert(id, (from.clone(), number));
        self.outputs
            .push_back(Output::Request(from.clone(), id, request));
    }

    /// Fails the requests to a node that is down, and forgets those of it.
    pub(super) fn fail_requests(&mut self, node: &NodeId) {
        let outgoing = std::mem::take(&mut self.requests.outgoing);
        for (call, to) in outgoing {
            if to == *node {
                let error = Err(node_is_down(&node.name, "unknown"));
                self.outputs.push_back(Output::Reply(call, error));
            } else {
                self.requests.outgoing.insert(call, to);
            }
        }
        let incoming = self.requests.by_number.remove(node).unwrap_or_default();
        for request in incoming.into_values() {
            self.requests.incoming.remove(&request);
            self.outputs.push_back(Output::Abandoned(request));
        }
    }
}
