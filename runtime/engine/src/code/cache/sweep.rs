//! The removal of files that nobody needs.

use std::fs::File;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use rustix::fs::Stat;

use super::key::EXTENSION;
use super::{CodeCache, UNFINISHED, seen};

/// Age at which an unfinished file counts as abandoned by its writer.
pub(super) const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Time without use after which a file is removed: its version of warren is gone, or
/// its program has changed.
pub(super) const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Precision of the time of last use, so that most uses need not write to the disk.
const USE_IS_NOTED: Duration = Duration::from_secs(60 * 60);

impl CodeCache {
    /// Sweeps if an eighth of the largest size was added since the last sweep.
    pub(super) fn sweep_if_due(&self, added: u64) {
        let before = self.added.fetch_add(added, Ordering::Relaxed);
        if before.saturating_add(added) > self.max_bytes / 8 {
            self.added.store(0, Ordering::Relaxed);
            self.sweep();
        }
    }

    /// Removes the files of writers that were killed, files that were not used for
    /// long, and the longest unused files beyond the size limit.
    pub(super) fn sweep(&self) {
        let Ok(entries) = self.directory.entries() else {
            return;
        };
        let mut kept = Vec::new();
        for (name, stat) in entries {
            let unused = unused(&stat);
            let text = name.as_encoded_bytes();
            let is_unfinished = text.starts_with(UNFINISHED.as_bytes());
            let is_code = text.ends_with(EXTENSION.as_bytes());
            // A record is written again each time that its file is noted as used.
            let is_record = text.ends_with(seen::EXTENSION.as_bytes());
            let is_old = (is_code || is_record) && unused > KEPT;
            // Errors do not matter: another runtime may have removed it.
            if is_unfinished && unused > ABANDONED || is_old {
                let _ = self.directory.remove(&name);
            } else if is_code {
                let bytes = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
                kept.push((unused, bytes, name));
            }
        }
        kept.sort_unstable();
        let mut all = 0_u64;
        for (_, bytes, name) in kept {
            all = all.saturating_add(bytes);
            if all > self.max_bytes {
                let _ = self.directory.remove(&name);
            }
        }
    }
}

/// Notes that a file is used now, by its time of modification.
pub(super) fn note_use(file: &File) {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let since = |time: SystemTime| time.elapsed().unwrap_or_else(|ahead| ahead.duration());
    let noted = modified.is_ok_and(|time| since(time) < USE_IS_NOTED);
    if !noted {
        // If this fails, the file is removed as unused and made again.
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Returns the time between the last change of a file and now. A change in the future
/// comes from a wrong clock. It counts as unused for that long, so that the file does
/// not stay forever.
fn unused(stat: &Stat) -> Duration {
    let modified = u64::try_from(stat.st_mtime).unwrap_or(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
        .abs_diff(Duration::from_secs(modified))
}
