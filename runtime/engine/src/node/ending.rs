//! The end of processes by order of the embedder: all, or those of a host.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;
use warren_kernel::{Closed, Host, Moment, Process};

use super::{Node, Running};
use crate::guest::shared::PerHost;

/// The shortest wait for the last lines of the log and of standard error, whatever
/// patience the embedder has.
const LAST_LINES: Duration = Duration::from_secs(1);

impl Node {
    /// Asks processes to end. Processes that read events get CANCEL, and are
    /// terminated at the deadline. All others are terminated at once.
    pub fn ask_to_end(&self, deadline: Moment, which: impl Fn(&Process) -> bool) {
        let now = self.now();
        for process in self.shared.kernel.processes() {
            if !which(&process) {
                continue;
            }
            let cancelled = process.has_opened_events()
                && self
                    .shared
                    .kernel
                    .cancel(None, &process, Some(deadline), true, now)
                    .is_ok();
            if !cancelled {
                // Fails only if the process has exited.
                let _ = self.shared.kernel.terminate(&process);
            }
        }
    }

    /// Ends all processes of these hosts: at once, or by a CANCEL that is enforced
    /// at the deadline. The hosts refuse new processes until the last one has
    /// ended, even if the future is not polled. Returns the number of processes,
    /// and a future that resolves when all have ended.
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
                // A spawn that had begun before the hosts were closed may add a
                // process.
                ending = node.end_processes_of(&closed, None);
            }
            for host in closed.iter().map(Closed::host) {
                node.forget_disk_of(host);
            }
            drop(closed);
            node.shared.kernel.forget_removed_hosts();
            node.ended.notify_waiters();
            // Fails only if the caller has dropped the future.
            let _ = sender.send(());
        });
        // Fails only if the tokio runtime is gone, and every process with it.
        (count, async move { ended.await.unwrap_or(()) })
    }

    /// Forgets what the processes of a removed host have written to disks.
    fn forget_disk_of(&self, host: &Host) {
        if host.is_removed()
            && let Some(part) = host.attachment::<PerHost>()
        {
            part.files.disks().forget_host(part.files.disk());
        }
    }

    fn end_processes_of(&self, hosts: &[Closed], deadline: Option<Moment>) -> Vec<Running> {
        // A process has its place for as long as it is found. Others are not looked at.
        if hosts.iter().all(|closed| closed.host().live() == 0) {
            return Vec::new();
        }
        let now = self.now();
        let is_there = |process: &Arc<Process>| {
            let mut hosts = hosts.iter();
            hosts.any(|closed| closed.host().is(process.host()))
        };
        let processes = self.shared.kernel.processes();
        let there = processes.into_iter().filter(is_there);
        // `observe` fails only for processes that have exited.
        let ending = there.filter_map(|process| self.observe(&process).ok());
        ending
            .inspect(|running| {
                let process = running.process();
                // Both fail only if the process has exited.
                let _ = match deadline {
                    Some(_) => self
                        .shared
                        .kernel
                        .cancel(None, process, deadline, true, now),
                    None => self.shared.kernel.terminate(process),
                };
            })
            .collect()
    }

    /// Waits until the host of this name accepts new processes. Returns at once if
    /// there is no such host, or once the host was removed.
    pub async fn host_is_open(&self, name: &str) {
        let Ok(host) = self.shared.kernel.host(name) else {
            return;
        };
        loop {
            let changed = self.ended.notified();
            if !host.is_closed() || host.is_removed() {
                return;
            }
            changed.await;
        }
    }

    /// Terminates all processes. Returns when all have ended and their output and
    /// log records are written. If standard error or the log blocks, gives up on it
    /// after `patience`, but not before one second.
    pub async fn terminate_all(&self, patience: Duration) {
        self.close();
        let mut too_long = pin!(self.shared.real_sleep(patience.max(LAST_LINES)));
        let mut written = pin!(async {
            self.none_left().await;
            self.shared.output.flush().await;
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
                    self.shared.output.give_up_stderr();
                }
            }
        }
    }

    /// Refuses new processes and terminates all living ones, without waiting for
    /// their ends.
    pub fn close(&self) {
        // A concurrent spawn sees the flag, or its process is in the list below;
        // see `Node::spawn_process`.
        self.closed.store(true, Ordering::SeqCst);
        for process in self.shared.kernel.processes() {
            // Fails only if the process has exited.
            let _ = self.shared.kernel.terminate(&process);
        }
        self.end_events_after_the_last();
    }

    /// Returns true once the node refuses new processes.
    pub fn is_ending(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Ends the streams of changes if the node is closed and no process is left.
    /// Called after either has become true.
    pub(super) fn end_events_after_the_last(&self) {
        if self.closed.load(Ordering::SeqCst) && self.present.load(Ordering::SeqCst) == 0 {
            self.shared.kernel.end_events();
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
