//! Watching the files of a program for changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::app::{App, MANIFEST};
use crate::plan::Plan;
use crate::reread::RereadError;
use crate::too_much::{MAX_ENTRIES, MAX_FILES};

/// Looks for changes of a program's files: those of code, below the program's directory
/// and by the manifest, and the manifest. The first use of a file in a directory that is
/// left out counts as a change.
///
/// The watcher compares sizes and times. Notices of the system would need one watch for
/// each directory, of which a user has few, and do not come from file systems of other
/// machines and containers.
///
/// ```no_run
/// use warren_app::{App, RereadError, Seen};
///
/// fn wait_for_a_change(app: &App) -> Result<(), RereadError> {
///     let mut watcher = app.watcher()?;
///     while watcher.look()? != Seen::Changed {
///         std::thread::sleep(watcher.interval());
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct Watcher {
    plan: Arc<Plan>,
    /// The files as they were last taken.
    taken: Files,
    /// The files as they were last seen.
    seen: Files,
    /// The time that the last look took.
    took: Duration,
}

/// The state of the files, compared with the last look.
///
/// ```
/// use warren_app::{App, AppOptions, Seen};
///
/// # let directory = tempfile::tempdir()?;
/// let main = directory.path().join("main.lua");
/// std::fs::write(&main, "return 1")?;
/// let options = AppOptions { reloadable: true, ..AppOptions::default() };
/// let mut watcher = App::open(directory.path(), options)?.watcher()?;
/// assert_eq!(watcher.look()?, Seen::Same);
/// std::fs::write(&main, "return 22")?;
/// assert_eq!(watcher.look()?, Seen::Changing);
/// assert_eq!(watcher.look()?, Seen::Changed);
/// assert_eq!(watcher.look()?, Seen::Same);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// As they were last taken.
    Same,
    /// Different, and someone may still write: they have changed since the last look.
    Changing,
    /// Different, and at rest since the last look. They count as taken from now on.
    Changed,
}

type Files = BTreeMap<String, Stamp>;

/// The traces that a change of a file leaves. A file that replaces another has another
/// number; one that keeps its time of writing has another time of change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    written: Option<SystemTime>,
    #[cfg(unix)]
    number: u64,
    #[cfg(unix)]
    changed: (i64, i64),
}

/// The shortest time between two looks.
const INTERVAL: Duration = Duration::from_millis(200);

/// The longest time between two looks.
const MAX_INTERVAL: Duration = Duration::from_secs(5);

/// Looking takes at most one part in `SHARE` of the time.
const SHARE: u32 = 20;

impl App {
    /// Returns a watcher. Only what changes from now on is seen.
    ///
    /// # Errors
    ///
    /// As for [`App::check_reloadable`].
    pub fn watcher(&self) -> Result<Watcher, RereadError> {
        self.check_reloadable()?;
        let mut watcher = Watcher {
            plan: Arc::clone(self.library.plan()),
            taken: Files::new(),
            seen: Files::new(),
            took: Duration::ZERO,
        };
        watcher.taken = watcher.files()?;
        watcher.seen = watcher.files()?;
        Ok(watcher)
    }
}

impl Watcher {
    /// Watches the files of this program from now on, which may be another one than before.
    /// In another directory, all files count as changed: some may have changed since the
    /// program was opened.
    ///
    /// # Errors
    ///
    /// As for [`App::watcher`].
    pub fn follow(&mut self, app: &App) -> Result<(), RereadError> {
        app.check_reloadable()?;
        let plan = app.library.plan();
        if Arc::ptr_eq(&self.plan, plan) {
            return Ok(());
        }
        let is_elsewhere = self.plan.root().path() != plan.root().path();
        self.plan = Arc::clone(plan);
        if is_elsewhere {
            self.taken = Files::new();
            self.seen = Files::new();
        }
        Ok(())
    }

    /// Compares the files with those of the last look. Blocks while it reads directories.
    ///
    /// # Errors
    ///
    /// [`RereadError::TooMuch`].
    pub fn look(&mut self) -> Result<Seen, RereadError> {
        let now = self.files()?;
        let is_at_rest = now == self.seen;
        self.seen = now;
        if self.seen == self.taken {
            return Ok(Seen::Same);
        }
        if !is_at_rest {
            return Ok(Seen::Changing);
        }
        // Later writes are seen as changes of these.
        self.taken = self.seen.clone();
        Ok(Seen::Changed)
    }

    /// Returns the time to wait before the next look: the shorter, the fewer files there
    /// are.
    pub fn interval(&self) -> Duration {
        self.took
            .saturating_mul(SHARE)
            .clamp(INTERVAL, MAX_INTERVAL)
    }

    fn files(&mut self) -> Result<Files, RereadError> {
        let begun = Instant::now();
        let root = self.plan.root();
        let mut paths = root
            .code_files_within(MAX_FILES, MAX_ENTRIES)
            .map_err(|reason| RereadError::from(&reason))?;
        paths.extend(self.plan.named_sources().map(str::to_owned));
        paths.extend(self.plan.used());
        paths.push(MANIFEST.to_owned());
        let stamped = paths.into_iter().filter_map(|path| {
            let stamp = Stamp::of(&root.metadata(&path)?);
            Some((path, stamp))
        });
        let files = stamped.collect();
        self.took = begun.elapsed();
        Ok(files)
    }
}

impl Stamp {
    fn of(metadata: &cap_std::fs::Metadata) -> Stamp {
        #[cfg(unix)]
        use cap_std::fs::MetadataExt;
        Stamp {
            size: metadata.len(),
            written: metadata.modified().ok().map(|time| time.into_std()),
            #[cfg(unix)]
            number: metadata.ino(),
            #[cfg(unix)]
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use warren_engine::Definitions;

    use super::*;
    use crate::AppOptions;

    fn watcher(dir: &Path) -> Watcher {
        let options = AppOptions {
            reloadable: true,
            ..AppOptions::default()
        };
        App::open(dir, options).unwrap().watcher().unwrap()
    }

    #[test]
    fn another_program_is_followed() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let write = |dir: &tempfile::TempDir, text: &str| {
            fs::write(dir.path().join("main.lua"), text).unwrap();
        };
        write(&one, "return 1");
        write(&other, "return 1");
        let mut watcher = watcher(one.path());
        let options = AppOptions {
            reloadable: true,
            ..AppOptions::default()
        };
        let app = App::open(other.path(), options).unwrap();
        // A change between the opening and the first look.
        write(&other, "return 22");
        watcher.follow(&app).unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        watcher.follow(&app).unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changed);
        assert_eq!(watcher.look().unwrap(), Seen::Same);
        write(&one, "return 22");
        assert_eq!(watcher.look().unwrap(), Seen::Same);
        write(&other, "return 333");
        // The same program, and the same directory opened anew.
        watcher.follow(&app.reread().unwrap().app).unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        watcher.follow(&app.reopen(other.path()).unwrap()).unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changed);
        assert_eq!(watcher.look().unwrap(), Seen::Same);
    }

    #[test]
    fn a_change_is_taken_once_it_rests() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("main.lua"), "return 1").unwrap();
        let mut watcher = watcher(dir.path());
        assert_eq!(watcher.look().unwrap(), Seen::Same);
        fs::write(path("main.lua"), "return 22").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        // A second write before the next look.
        fs::write(path("main.lua"), "return 333").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        assert_eq!(watcher.look().unwrap(), Seen::Changed);
        assert_eq!(watcher.look().unwrap(), Seen::Same);

        // An editor that writes beside the file and renames over it.
        fs::write(path("main.tmp"), "return 444").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Same, "no file of code");
        fs::rename(path("main.tmp"), path("main.lua")).unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        assert_eq!(watcher.look().unwrap(), Seen::Changed);

        fs::create_dir(path("lib")).unwrap();
        fs::write(path("lib/new.lua"), "").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        assert_eq!(watcher.look().unwrap(), Seen::Changed);
        fs::remove_file(path("lib/new.lua")).unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        assert_eq!(watcher.look().unwrap(), Seen::Changed);
        fs::write(path(MANIFEST), "").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        assert_eq!(watcher.look().unwrap(), Seen::Changed);
        assert_eq!(watcher.look().unwrap(), Seen::Same);
    }

    #[test]
    fn a_file_of_a_directory_that_is_left_out_is_watched_once_it_is_used() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("main.lua"), "return 1").unwrap();
        fs::create_dir(path("target")).unwrap();
        fs::write(path("target/used.lua"), "return 1").unwrap();
        fs::write(path("target/other.lua"), "return 1").unwrap();
        let options = AppOptions {
            reloadable: true,
            ..AppOptions::default()
        };
        let app = App::open(dir.path(), options).unwrap();
        let mut watcher = app.watcher().unwrap();
        fs::write(path("target/used.lua"), "return 22").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Same);
        app.definition("app.target:used").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        assert_eq!(watcher.look().unwrap(), Seen::Changed);
        fs::write(path("target/other.lua"), "return 22").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Same);
        fs::write(path("target/used.lua"), "return 333").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        assert_eq!(watcher.look().unwrap(), Seen::Changed);
    }

    #[test]
    fn a_change_that_is_undone_before_it_rests_is_none() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("main.lua"), "return 1").unwrap();
        let mut watcher = watcher(dir.path());
        fs::write(dir.path().join("x.lua"), "").unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Changing);
        fs::remove_file(dir.path().join("x.lua")).unwrap();
        assert_eq!(watcher.look().unwrap(), Seen::Same);
    }

    #[test]
    fn few_files_are_looked_at_often() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("main.lua"), "").unwrap();
        let mut watcher = watcher(dir.path());
        watcher.took = Duration::from_micros(5);
        assert_eq!(watcher.interval(), INTERVAL);
        watcher.took = Duration::from_millis(20);
        assert_eq!(watcher.interval(), Duration::from_millis(400));
        watcher.took = Duration::from_secs(60);
        assert_eq!(watcher.interval(), MAX_INTERVAL);
    }
}
