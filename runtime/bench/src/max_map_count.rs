//! `vm.max_map_count`, which bounds the number of live processes: raised for
//! measurements that need more, and restored afterwards, also after a panic or
//! Ctrl-C. (Not after SIGKILL, which no program can catch.)

use std::fs;
use std::sync::Once;
use std::thread;

use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use tokio::signal::unix::{SignalKind, signal};

const SETTING: &str = "/proc/sys/vm/max_map_count";

/// The value before it was raised.
static BEFORE: Mutex<Option<u64>> = Mutex::new(None);

/// Keeps the setting high enough while it lives.
#[derive(Debug)]
pub(crate) struct Raised {
    restores: bool,
}

impl Raised {
    /// Raises the setting so that this many processes can live at once.
    ///
    /// # Errors
    /// The setting cannot be changed here; the message says the needed value.
    pub(crate) fn for_processes(number: u32) -> Result<Raised> {
        // Two mappings for each slot's stack and four for a live instance; the
        // last pool may be larger than its used part.
        Raised::to(u64::from(number) * 8 + 100_000)
    }

    fn to(needed: u64) -> Result<Raised> {
        let present = read()?;
        if present >= needed {
            return Ok(Raised { restores: false });
        }
        let mut before = BEFORE.lock();
        if let Err(error) = fs::write(SETTING, needed.to_string()) {
            bail!(
                "vm.max_map_count is {present}, {needed} is needed, and it may not be changed \
                 here ({error}); run: sysctl -w vm.max_map_count={needed}"
            );
        }
        let restores = before.is_none();
        before.get_or_insert(present);
        drop(before);
        restore_on_signals();
        Ok(Raised { restores })
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        if self.restores {
            restore();
        }
    }
}

fn read() -> Result<u64> {
    let text = fs::read_to_string(SETTING).with_context(|| format!("{SETTING} is unreadable"))?;
    let value = text.trim().parse();
    value.with_context(|| format!("{SETTING} is {text}"))
}

fn restore() {
    let before = BEFORE.lock().take();
    if let Some(value) = before
        && let Err(error) = fs::write(SETTING, value.to_string())
    {
        eprintln!("vm.max_map_count was {value} and could not be put back: {error}");
    }
}

/// Makes SIGINT and SIGTERM restore the setting before they end the program.
fn restore_on_signals() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        let watch = || {
            let threads = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            let status = threads.block_on(async {
                let mut interrupted = signal(SignalKind::interrupt())?;
                let mut terminated = signal(SignalKind::terminate())?;
                std::io::Result::Ok(tokio::select! {
                    _ = interrupted.recv() => 130,
                    _ = terminated.recv() => 143,
                })
            })?;
            restore();
            std::process::exit(status)
        };
        thread::spawn(move || -> std::io::Result<()> { watch() });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_suffices_is_left_alone() {
        let present = read().expect("this is Linux");
        let raised = Raised::to(present).expect("nothing is to be done");
        assert!(!raised.restores);
        drop(raised);
        assert_eq!(read().expect("this is Linux"), present);
    }
}
