//! The engine's parts of hosts: limits, slots, open files and a lane, made with each host
//! and attached to it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use warren_kernel::{Attachment, Error, Host, HostConfig, Kernel};

use crate::code::slots::SlotsBuilder;
use crate::files::Files;
use crate::guest::Guest;
use crate::guest::shared::PerHost;
use crate::host_limits::HostLimits;
use crate::sched::lane::LaneNumbers;

/// Makes the parts of all hosts of a node.
pub(super) struct HostParts {
    slots: Mutex<SlotsBuilder<Guest>>,
    files: Arc<Files>,
    lanes: Arc<LaneNumbers>,
}

impl HostParts {
    pub(super) fn new(slots: SlotsBuilder<Guest>) -> HostParts {
        HostParts {
            slots: Mutex::new(slots),
            files: Files::of_system(),
            lanes: Arc::default(),
        }
    }

    /// Makes a host that nobody finds until the kernel puts it in place.
    ///
    /// # Errors
    ///
    /// `Invalid` for a name that a host cannot have, and for a limit that no guest could
    /// use.
    pub(super) fn new_host(
        &self,
        kernel: &Kernel,
        name: &str,
        limits: &HostLimits,
    ) -> Result<Arc<Host>, Error> {
        let config = limits.of_kernel();
        check_writable(&config)?;
        let part: Attachment = Box::new(self.part(name, limits));
        kernel.new_host(name, config, limits.of_memory(), part)
    }

    /// Returns a host with other limits, which hold once the kernel puts it in place.
    ///
    /// # Errors
    ///
    /// `Invalid` for a limit that no guest could use.
    pub(super) fn revised_host(
        &self,
        kernel: &Kernel,
        host: &Host,
        limits: &HostLimits,
    ) -> Result<Arc<Host>, Error> {
        let config = limits.of_kernel();
        check_writable(&config)?;
        let part = match host.attachment::<PerHost>() {
            Some(before) => PerHost {
                max_memory: limits.max_memory,
                max_cpu: limits.max_cpu,
                max_log: limits.max_log,
                max_log_total: limits.max_log_total,
                log_total: Arc::clone(&before.log_total),
                files: before.files.revised(limits.of_files()),
                slots: self.slots.lock().of_host(limits),
                lane: Arc::clone(&before.lane),
            },
            // The embedder added it to the kernel itself.
            None => self.part(host.name(), limits),
        };
        Ok(kernel.revised_host(host, config, limits.of_memory(), Box::new(part)))
    }

    /// Makes the part of a new host.
    pub(super) fn part(&self, name: &str, limits: &HostLimits) -> PerHost {
        PerHost {
            max_memory: limits.max_memory,
            max_cpu: limits.max_cpu,
            max_log: limits.max_log,
            max_log_total: limits.max_log_total,
            log_total: Arc::new(AtomicU64::new(limits.max_log_total)),
            files: self.files.host(name, limits.of_files()),
            slots: self.slots.lock().of_host(limits),
            lane: Arc::new(self.lanes.take()),
        }
    }

    /// Returns the number of slots that are taken in all hosts.
    pub(super) fn slots_taken(&self) -> usize {
        self.slots.lock().taken()
    }
}

/// Bytes of the largest message that the SDKs encode.
const MAX_MESSAGE: usize = 1 << 20;

/// Refuses a limit for messages that no guest could write.
fn check_writable(config: &HostConfig) -> Result<(), Error> {
    if config.max_message > MAX_MESSAGE {
        return Err(Error::invalid(format!(
            "max_message is {} bytes, but a message has at most {MAX_MESSAGE}: lower max_message",
            config.max_message
        )));
    }
    Ok(())
}
