//! `--watch`: a reload of the program whenever its files have changed.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;

use warren::app::{App, RereadError, Seen, Watcher};
use warren::{Inspector, Reloaded};

use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::warning::Warnings;
use crate::report::{refused, reload};

/// A function that is told of reloads.
pub(crate) type OnReload = Box<dyn Fn(&Reloaded) + Send>;

/// Watches the files of a program, on a thread of its own, until it is dropped.
pub(crate) struct Watch {
    _until_dropped: Sender<()>,
}

/// Returns the watcher of a program that is to be watched.
pub(crate) fn watcher(app: &App) -> Result<Watcher, Box<Failure>> {
    app.watcher()
        .map_err(|error| Box::new(Failure::new(Exit::Usage, format!("--watch: {error}"))))
}

impl Watch {
    /// Starts to watch. `on_reload` is told of each reload.
    pub(crate) fn start(
        watcher: Watcher,
        inspector: Inspector,
        warnings: Warnings,
        on_reload: OnReload,
    ) -> Result<Watch, Box<Failure>> {
        let (sender, dropped) = mpsc::channel();
        let mut watching = Watching {
            watcher,
            inspector,
            warnings,
            on_reload,
            told_of_manifest: false,
        };
        let watch = move || {
            while let Err(RecvTimeoutError::Timeout) =
                dropped.recv_timeout(watching.watcher.interval())
            {
                if let Err(error) = watching.look() {
                    watching
                        .warnings
                        .print(&format!("--watch has stopped: {error}"));
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("warren-watch".into());
        let failed = |error: io::Error| Box::new(refused::refused("--watch", &error));
        thread.spawn(watch).map_err(failed)?;
        Ok(Watch {
            _until_dropped: sender,
        })
    }
}

struct Watching {
    watcher: Watcher,
    inspector: Inspector,
    warnings: Warnings,
    on_reload: OnReload,
    told_of_manifest: bool,
}

impl Watching {
    fn look(&mut self) -> Result<(), RereadError> {
        // An apply may have put another program in place.
        if let Some(program) = self.inspector.program() {
            self.watcher.follow(&program)?;
        }
        if self.watcher.look()? == Seen::Changed {
            self.reload();
        }
        Ok(())
    }

    /// Reloads the program. Files that do not compile are told once: the next reload comes
    /// with the next change.
    fn reload(&mut self) {
        // Only this thread waits.
        match futures::executor::block_on(self.inspector.reload()) {
            Ok(reloaded) => {
                (self.on_reload)(&reloaded);
                if !reloaded.is_nothing() {
                    let summary = reload::summary(&reloaded);
                    self.warnings.note(&format!("reloaded: {summary}"));
                }
                if reloaded.manifest_changed && !self.told_of_manifest {
                    self.warnings.print(reload::MANIFEST_CHANGED);
                }
                self.told_of_manifest = reloaded.manifest_changed;
            }
            Err(error) => self.warnings.fail(&reload::refused(&error.to_string())),
        }
    }
}
