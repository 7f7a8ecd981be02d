//! How all processes end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use warren_kernel::{Closed, Host, Moment, Process};

use super::{Node, Running};

/// Even those who are in a hurry wait this long for the last lines of the log and
/// of standard error.
const LAST_LINES: Duration = Duration::from_secs(1);

impl Node {
    /// Asks processes to end: those that read events get CANCEL and are
    /// terminated at the deadline, all others are terminated at once.
    pub fn ask_to_end(&self, deadline: Moment, which: impl Fn(&Process) -> bool) {
        let now = self.now();
        for process in self.shared.kernel().processes() {
            if !which(&process) {
                continue;
            }
            let cancelled = process.has_opened_events()
                && self
                    .shared
                    .kernel()
                    .cancel(None, &process, Some(deadline), true, now)
                    .is_ok();
            if !cancelled {
                // Fails only where it has exited.
                let _ = self.shared.kernel().terminate(&process);
            }
        }
    }

    /// Ends all processes of these hosts: at once, or by a CANCEL that is enforced at
    /// the deadline. The hosts refuse new processes until the last has ended, whether
    /// or not the future is polled. Returns the number of processes, and what resolves
    /// at their end.
    pub fn end_hosts(
        self: &Arc<Self>,
        hosts: &[Arc<Host>],
        deadline: Option<Moment>,
    ) -> (usize, impl Future<Output = ()> + Send + 'static + use<>) {
        let closed: Vec<Closed> = hosts.iter().map(Host::close).collect();
        let ending = self.end_processes_of(&closed, deadline);
        let count = ending.len();
        let (sender, ended) = oneshot::channel();
        let node = Arc::clone(self);
        self.tokio().spawn(async move {
            let mut ending = ending;
            while !ending.is_empty() {
                for mut process in ending {
                    process.wait().await;
                }
                // A process that was on its way when the hosts were closed comes late.
                ending = node.end_processes_of(&closed, None);
            }
            drop(closed);
            node.ended.notify_waiters();
            // Whoever asked may have gone away.
            let _ = sender.send(());
        });
        // Fails where the tokio runtime is gone, and every process with it.
        (count, async move { ended.await.unwrap_or(()) })
    }

    fn end_processes_of(&self, hosts: &[Closed], deadline: Option<Moment>) -> Vec<Running> {
        let now = self.now();
        let is_there = |process: &Arc<Process>| {
            let mut hosts = hosts.iter();
            hosts.any(|closed| Arc::ptr_eq(closed.host(), process.host()))
        };
        let processes = self.shared.kernel().processes();
        let there = processes.into_iter().filter(is_there);
        // Those that are not found here have exited.
        let ending = there.filter_map(|process| self.observe(&process).ok());
        ending
            .inspect(|running| {
                let process = running.process();
                // Both fail only where the process has exited.
                let _ = match deadline {
                    Some(_) => self
                        .shared
                        .kernel()
                        .cancel(None, process, deadline, true, now),
                    None => self.shared.kernel().terminate(process),
                };
            })
            .collect()
    }

    /// Waits while a host of this name refuses new processes.
    pub async fn host_is_open(&self, name: &str) {
        let Ok(host) = self.shared.kernel().host(name) else {
            return;
        };
        loop {
            let changed = self.ended.notified();
            if !host.is_closed() {
                return;
            }
            changed.await;
        }
    }

    /// Ends all processes at once. Returns when all have ended and everything
    /// they printed and logged is written; standard error and the log, where nobody
    /// takes them, are waited for this long, and at least for a second.
    pub async fn terminate_all(&self, patience: Duration) {
        self.close();
        let mut too_long = pin!(self.shared.sleep(patience.max(LAST_LINES)));
        let mut written = pin!(async {
            self.none_left().await;
            self.shared.output().flush().await;
        });
        let mut logged = pin!(async {
            self.none_left().await;
            self.shared.log.flush().await;
        });
        let (mut is_written, mut is_logged, mut given_up) = (false, false, false);
        while !(is_written && (is_logged || given_up)) {
            tokio::select! {
                biased;
                () = &mut written, if !is_written => is_written = true,
                () = &mut logged, if !is_logged => is_logged = true,
                () = &mut too_long, if !given_up => {
                    given_up = true;
                    self.shared.output().give_up_stderr();
                }
            }
        }
    }

    /// Refuses new processes and terminates all there are, without waiting for
    /// their ends.
    pub fn close(&self) {
        // Whoever spawns sees this, or is seen in the list; see `Node::spawn`.
        self.closed.store(true, Ordering::SeqCst);
        for process in self.shared.kernel().processes() {
            // Fails only where it has exited.
            let _ = self.shared.kernel().terminate(&process);
        }
        self.end_events_after_the_last();
    }

    /// Ends the streams of events where no process is left and none can come:
    /// called after either has come true.
    pub(super) fn end_events_after_the_last(&self) {
        if self.closed.load(Ordering::SeqCst) && self.present.load(Ordering::SeqCst) == 0 {
            self.shared.kernel().end_events();
        }
    }

    /// Waits until no process is left.
    pub async fn none_left(&self) {
        loop {
            let ended = self.ended.notified();
            if self.present.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }
}
