//! The option `upgradable`: the process is told when a reload changes its code.

use std::sync::Arc;

use warren_kernel::{Error, Pid};

use super::Guest;
use super::shared::Shared;
use crate::code::definition::Source;

/// The options of a process, as bits of the flat ABI.
pub(crate) const TRAP_LINKS: i32 = 1;
pub(crate) const UPGRADABLE: i32 = 1 << 1;

/// Withdraws at the end of the code that asked for OUTDATED.
struct Asking {
    shared: Arc<Shared>,
    pid: Pid,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.shared.outdated.withdraw(self.pid);
    }
}

impl Guest {
    /// Returns true if the process is told when a reload changes its code.
    pub(crate) fn is_upgradable(&self) -> bool {
        let asked = self
            .kept
            .made()
            .is_some_and(|kept| kept.find::<Asking>().is_some());
        let asks = |pid| self.shared.outdated.is_asking(pid);
        asked && self.process().is_ok_and(|process| asks(process.pid()))
    }

    /// Tells an upgradable process of a file that it has required, or of what the name of an
    /// import gave, if a reload has changed that meanwhile.
    pub(super) fn tells_of(&self, import: Option<&str>, required: Option<&Source>) {
        if self.is_upgradable()
            && let Ok(process) = self.process()
        {
            let at = self.shared.now().wall;
            let outdated = &self.shared.outdated;
            outdated.has_required(process.pid(), import, required, at);
        }
    }

    /// Sets whether the process is told when a reload changes its code. The event of an
    /// earlier reload is not taken back.
    ///
    /// # Errors
    ///
    /// `Canceled` at the end of the process.
    pub(crate) fn set_upgradable(&mut self, upgradable: bool) -> Result<(), Error> {
        let process = Arc::clone(self.process()?);
        if !upgradable {
            if self.is_upgradable() {
                self.shared.outdated.withdraw(process.pid());
            }
            return Ok(());
        }
        let asking = || Asking {
            shared: Arc::clone(&self.shared),
            pid: process.pid(),
        };
        self.kept.get().state(asking)?;
        let at = self.shared.now().wall;
        self.shared.outdated.ask(&process, &self.run.program, at);
        Ok(())
    }
}
