//! The clock of queues in virtual time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use warren_capabilities::QueueClock;
use warren_engine::Node;
use warren_kernel::Monotonic;

/// The clock of a node. It outlives the node, and stands still then.
pub(crate) struct ClockOfNode {
    node: Weak<Node>,
    /// Two readings of one moment.
    begun: (Instant, Monotonic),
}

impl ClockOfNode {
    pub(crate) fn new(node: &Arc<Node>) -> ClockOfNode {
        ClockOfNode {
            node: Arc::downgrade(node),
            begun: (Instant::now(), node.now().monotonic),
        }
    }
}

impl QueueClock for ClockOfNode {
    fn now(&self) -> Instant {
        let (real, begun) = self.begun;
        let now = self.node.upgrade().map(|node| node.now().monotonic);
        let passed = now.map_or(Duration::ZERO, |now| now.since(begun));
        real.checked_add(passed).unwrap_or(real)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let node = self.node.upgrade();
        Box::pin(async move {
            if let Some(node) = node {
                node.sleep(duration).await;
            }
        })
    }

    fn busy(&self) -> Box<dyn Send> {
        Box::new(self.node.upgrade().and_then(|node| node.busy()))
    }
}
