//! The engine's way to other nodes.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt as _, ready};
use warren_cluster::{Cluster, Notice};
use warren_engine::remote::{FarAnswer, FarCaller, FarEvent, FarReply, FarRequest, Remote};
use warren_kernel::{Error, FarEnd, FarPeers, FarPid, Kind, NodeId, Pid, Process};

use super::convert;
use super::receiver::Receiver;

/// The other nodes, for the engine.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) cluster: Cluster,
    pub(super) receiver: Arc<Receiver>,
}

impl Remote for Link {
    fn node(&self) -> &NodeId {
        self.cluster.node()
    }

    fn nodes(&self) -> Vec<NodeId> {
        self.cluster
            .nodes()
            .into_iter()
            .map(|node| node.id)
            .collect()
    }

    fn request(
        &self,
        to: &NodeId,
        request: FarRequest,
    ) -> BoxFuture<'static, Result<FarAnswer, Error>> {
        let Some(engine) = self.receiver.engine() else {
            let ending = Error::new(Kind::Unavailable, "the program is ending");
            return ready(Err(ending)).boxed();
        };
        if to == self.cluster.node() {
            return match engine.far_request(request) {
                FarReply::Now(answer) => ready(answer).boxed(),
                FarReply::Later(answer) => answer,
            };
        }
        let request = convert::request(request, engine.now().wall);
        let pending = self.cluster.request(to, request);
        let to = to.clone();
        async move { convert::answer(pending.await, &to) }.boxed()
    }

    fn register(&self, name: &str, process: &Process) -> BoxFuture<'static, Result<u64, Error>> {
        let Some(pid) = FarPid::parse(process.text()) else {
            let outside = Error::internal("the process is of no node of a cluster");
            return ready(Err(outside)).boxed();
        };
        let taken = self.cluster.register(name, &convert::place(&pid));
        // The end of a process that ended before now was told already.
        let engine = self.receiver.engine();
        let lives = engine.is_some_and(|engine| engine.kernel().process(process.pid()).is_some());
        if !lives {
            self.cluster.exited(process.pid());
        }
        async move { Ok(taken.await?.0) }.boxed()
    }

    fn unregister(&self, name: &str) -> BoxFuture<'static, Result<bool, Error>> {
        self.cluster.unregister(name).boxed()
    }

    fn lookup(&self, name: &str) -> BoxFuture<'static, Result<(FarPid, u64), Error>> {
        let found = self.cluster.lookup(name);
        async move {
            let holder = found.await?;
            Ok((holder.address.into(), holder.token.0))
        }
        .boxed()
    }

    fn broadcast(&self, caller: FarCaller, group: &str, topic: &str, payload: &[u8]) {
        let notice = Notice::Broadcast {
            caller: convert::caller(caller),
            group: group.to_owned(),
            topic: topic.to_owned(),
            payload: payload.to_vec().into(),
        };
        self.cluster.notify_group(group, notice);
    }

    fn event(&self, caller: FarCaller, event: &FarEvent<'_>) {
        self.cluster.notify_all(Notice::Event {
            caller: convert::caller(caller),
            system: event.system.to_owned(),
            kind: event.kind.to_owned(),
            path: event.path.to_owned(),
            data: event.data.unwrap_or_default().to_vec().into(),
        });
    }

    fn exited(&self, process: Pid) {
        self.cluster.exited(process);
    }
}

impl FarPeers for Link {
    fn ended(&self, node: &NodeId, end: FarEnd) {
        // A node that is down has lost its ties already.
        if let Some(end) = convert::end(&end) {
            self.cluster.notify(node, Notice::Ended(end));
        }
    }

    fn joined(&self, group: &str, process: &str) {
        if let Some(pid) = FarPid::parse(process) {
            self.cluster.join_group(group, &convert::place(&pid));
        }
    }

    fn left(&self, group: &str, process: &str) {
        if let Some(pid) = FarPid::parse(process) {
            self.cluster.leave_group(group, &convert::place(&pid));
        }
    }

    fn holds(&self, name: &str) -> bool {
        self.cluster.holds(name).is_some()
    }
}
