//! Services that run on one node of the cluster at a time.
//!
//! ```text
//!             take the post              lost, or asked to leave
//!  standing by ───────────> running ──────────────────────────> processes end ──> standing by
//!                              │ ended for good, or removed
//!                              └─> processes have ended ──> post given back
//! ```
//!
//! A process of the service exists only while its node holds the post: the gate of its start
//! asks for the post after the process is in the kernel, and a post that is lost ends all
//! processes of the service before another node can take it.

use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use super::State;
use super::ending::is_of;
use super::post::{Post, Posts};
use super::restarts::Restarts;
use super::supervision::{Supervisor, start};
use crate::handle::{Ended, Handle};

/// Time between two attempts to take a post.
const AGAIN: Duration = Duration::from_secs(1);

impl Supervisor {
    /// Runs the service whenever this node holds its post, until the service has ended for good
    /// or is stopped.
    pub(super) async fn supervise_once(mut self, posts: Arc<dyn Posts>) {
        while let Some(post) = self.stand_by(&*posts).await {
            tracing::info!(
                service = &*self.service.name,
                "this node runs the service of the cluster"
            );
            self.take_settings();
            self.restarts = Restarts::new(self.service.restart.clone());
            self.upgraded_to = None;
            let gate = post.gate();
            self.post = Some(post);
            let first = start(&self.node, &self.service, None, Some(gate)).await;
            if let Ok(process) = &first {
                let frame = process.process().frame();
                self.services.set(self.number, State::Running(frame));
            }
            self.run(first).await;
            let is_lost = self.has_lost_post();
            if !is_lost {
                self.rest().await;
            }
            if let Some(post) = self.post.take() {
                post.give_back().await;
            }
            if !is_lost {
                break;
            }
            tracing::warn!(
                service = &*self.service.name,
                "this node has lost the service of the cluster"
            );
        }
        self.services.set(self.number, State::Done);
    }

    /// Waits for the post; `None` once the service is stopped.
    async fn stand_by(&mut self, posts: &dyn Posts) -> Option<Box<dyn Post>> {
        self.services.set(self.number, State::StandingBy);
        while !*self.stop.borrow() {
            match posts.take(&self.service.name).await {
                Ok(post) if *self.stop.borrow() => post.give_back().await,
                Ok(post) => return Some(post),
                Err(error) => tracing::debug!(
                    service = &*self.service.name,
                    "this node stands by: {}",
                    error.message
                ),
            }
            let node = Arc::clone(&self.node);
            tokio::select! {
                () = node.real_sleep(AGAIN) => {}
                _ = self.stop.wait_for(|stop| *stop) => return None,
            }
        }
        None
    }

    /// Keeps the post of a service that has returned for good: no other node starts it again.
    /// The post of a service that has failed for good is free for the next node.
    async fn rest(&mut self) {
        if *self.stop.borrow() || self.services.has_given_up(self.number) {
            return;
        }
        self.services.set(self.number, State::Done);
        let lost = self.post_lost();
        tokio::select! {
            // An error is the end of the service's entry.
            _ = self.stop.wait_for(|stop| *stop) => {}
            () = lost => {}
        }
    }

    /// Returns whether the service runs once in the cluster, and this node must not run it.
    pub(super) fn has_lost_post(&self) -> bool {
        self.post.as_ref().is_some_and(|post| post.is_lost())
    }

    /// Waits until the post of the service is lost: for ever if the service needs none.
    pub(super) fn post_lost(&self) -> impl Future<Output = ()> + Send + use<> {
        let lost = self.post.as_ref().map(|post| post.lost());
        async move {
            match lost {
                Some(lost) => lost.await,
                None => pending().await,
            }
        }
    }

    /// Waits for the end of a process, and ends it when the post is lost.
    pub(super) async fn end_of(&self, process: &Handle) -> Ended {
        let Some(post) = &self.post else {
            return process.wait().await;
        };
        let announced = post.announce(process.process());
        let for_ever = async {
            announced.await;
            pending::<()>().await;
        };
        tokio::select! {
            ended = process.wait() => return ended,
            () = post.lost() => {}
            () = for_ever => {}
        }
        self.end_all_of(process);
        let ended = process.wait().await;
        // Processes that it has started meanwhile.
        self.end_all_of(process);
        ended
    }

    /// Ends a process of the service, and the processes of this node that it has started.
    fn end_all_of(&self, process: &Handle) {
        let kernel = self.node.kernel();
        // Each fails only for a process that has ended.
        let _ = kernel.terminate(process.process());
        let frames: HashSet<_> = process.frame().into_iter().collect();
        for process in kernel.scan().filter(|process| is_of(process, &frames)) {
            let _ = kernel.terminate(&process);
        }
    }
}
