//! A program that takes the place of a running one: other files, with their manifest.

use std::ops::Range;
use std::sync::Arc;

use warren_kernel::text;

use crate::app::App;
use crate::error::AppError;
use crate::lines::{span_of, span_of_permissions};
use crate::manifest::{ManifestError, Problem};
use crate::policy::{PolicyError, PolicyProblem};
use crate::reread::{Changes, Reread, RereadError, compared};

impl App {
    /// Compares this program with one that is to take its place, which takes over what is
    /// the same.
    ///
    /// # Errors
    ///
    /// See [`RereadError`]: both programs must be reloadable.
    pub fn succession(&self, mut next: App) -> Result<Reread, RereadError> {
        self.check_reloadable()?;
        next.check_reloadable()?;
        next.library
            .fix_with_used_of(&self.library)
            .map_err(|reason| RereadError::from(&reason))?;
        next.library.adopt(&self.library);
        if let Ok(main) = next.library.definition(&next.main.id) {
            next.main = main;
        }
        let changes = self.changes_to(&next)?;
        Ok(Reread { app: next, changes })
    }

    /// Returns the differences between the files of this program and those of another one
    /// that was in its place before.
    ///
    /// # Errors
    ///
    /// See [`RereadError`].
    pub fn changes_to(&self, other: &App) -> Result<Changes, RereadError> {
        let mut changes = compared(&self.library, &other.library)?;
        changes.manifest = self.manifest != other.manifest;
        Ok(changes)
    }

    /// Notes that the manifest of a program that says the same as this one was taken.
    pub fn take_manifest_of(&self, same: &App) {
        *self.taken_manifest.write() = Arc::clone(&same.manifest);
    }

    /// Checks that a program can take the place of this one while it runs.
    ///
    /// # Errors
    ///
    /// The settings that differ and that only a start takes, with their lines:
    /// [`AppError::Manifest`], or [`AppError::Policies`] if a file of policies is among them.
    pub fn check_successor(&self, next: &App) -> Result<(), AppError> {
        let mut problems = Vec::new();
        let mut refuse = |differs: bool, path: &[&str], what: &str| {
            if differs {
                problems.push(next.needs_start(self, path, what));
            }
        };
        refuse(
            self.name != next.name,
            &["app", "name"],
            "the name of the program, with which its ids begin,",
        );
        refuse(
            self.payload_objects != next.payload_objects,
            &["app", "payloads"],
            "`payloads`",
        );
        refuse(
            self.park_after != next.park_after,
            &["app", "park_after"],
            "`park_after`",
        );
        refuse(
            self.max_memory_total != next.max_memory_total,
            &["app", "max_memory_total"],
            "`max_memory_total` of all hosts",
        );
        refuse(self.cluster != next.cluster, &["cluster"], "the cluster");
        refuse(
            self.token_stores != next.token_stores,
            &["tokens"],
            "a store of tokens",
        );
        refuse(self.stores != next.stores, &["stores"], "a store");
        refuse(
            self.databases != next.databases,
            &["databases"],
            "a database, or a migration of it,",
        );
        refuse(
            self.has_main != next.has_main,
            &["app", "main"],
            "the start of a program that serves alone",
        );
        refuse(self.queues != next.queues, &["queues"], "a queue");
        refuse(self.volumes != next.volumes, &["volumes"], "a volume");
        let mut of_file = None;
        if self.policies.is_none()
            && let Some(policies) = &next.policies
        {
            let place = span_of_permissions(&next.manifest);
            // Without a word in the manifest, a file of policies asks for permissions.
            let file = policies.first_file().filter(|_| place.is_none());
            let label = format!("not in the running program's {}", manifest(self));
            let problem = start_takes(place.unwrap_or(0..0), PERMISSIONS, label);
            match file {
                Some((path, text)) => {
                    let label = "the running program has no policies".to_owned();
                    let problem = Problem { label, ..problem };
                    of_file = Some(PolicyProblem {
                        path,
                        text,
                        problem,
                    });
                }
                None => problems.push(problem),
            }
        }
        problems.sort_by_key(|problem| problem.span.start);
        let Some(of_file) = of_file else {
            if problems.is_empty() {
                return Ok(());
            }
            return Err(AppError::Manifest(Box::new(ManifestError {
                path: next.manifest_path.clone(),
                text: next.manifest.clone(),
                problems,
            })));
        };
        let of_manifest = problems.into_iter().map(|problem| PolicyProblem {
            path: next.manifest_path.clone(),
            text: next.manifest.clone(),
            problem,
        });
        let problems = of_manifest.chain([of_file]).collect();
        Err(AppError::Policies(Box::new(PolicyError { problems })))
    }

    /// Returns the problem of a setting that only a start takes.
    fn needs_start(&self, before: &App, path: &[&str], what: &str) -> Problem {
        let here = span_of(&self.manifest, path).or_else(|| span_of(&self.manifest, &path[..1]));
        let label = match span_of(&before.manifest, path) {
            Some(_) => format!(
                "another value than in the running program's {}",
                manifest(before)
            ),
            None => format!("not in the running program's {}", manifest(before)),
        };
        // A setting that is gone has no place.
        start_takes(here.unwrap_or(0..0), what, label)
    }
}

/// The permissions of a program that had none, in messages.
const PERMISSIONS: &str = "a program without permissions";

/// Returns the problem of something that only a start takes.
fn start_takes(span: Range<usize>, what: &str, label: String) -> Problem {
    Problem {
        span,
        message: format!("{what} cannot be changed while the program runs"),
        label,
        remedy: Some("start the program again, or leave this as it was".to_owned()),
    }
}

fn manifest(app: &App) -> String {
    text::path(&app.manifest_path).to_string()
}
