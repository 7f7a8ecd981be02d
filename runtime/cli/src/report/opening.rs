//! Failures for a program that cannot be opened.

use warren::app::{Access, App, AppError, ManifestError, PolicyError, more_problems};
use warren::capability::DatabasePlace;
use warren::text;

use crate::buildable;
use crate::exit::Exit;
use crate::report::excerpt::Excerpt;
use crate::report::failure::Failure;

/// Returns one failure for each problem.
pub(crate) fn failures(error: &AppError) -> Vec<Failure> {
    match error {
        AppError::Manifest(error) => of_manifest(error),
        AppError::Policies(error) => of_policies(error),
        AppError::Grant {
            access,
            what,
            error: reason,
        } => vec![Failure {
            help: error.remedy(),
            ..Failure::new(
                Exit::Usage,
                format!("{} {}: {reason}", option(*access), text::line(what)),
            )
        }],
        AppError::NoMain { root, .. } if let Some(file) = buildable::file_in(root) => {
            let path = text::path(root);
            vec![Failure {
                help: Some(format!(
                    "there is a {file}: run `warren build {path}` first"
                )),
                ..Failure::new(Exit::Usage, error.to_string())
            }]
        }
        other => vec![Failure {
            help: other.remedy(),
            ..Failure::new(Exit::Usage, other.to_string())
        }],
    }
}

fn of_manifest(error: &ManifestError) -> Vec<Failure> {
    let failure = |problem: &warren::app::Problem| Failure {
        excerpt: Some(Excerpt {
            name: error.path.display().to_string(),
            text: error.text.clone(),
            span: problem.span.clone(),
            label: problem.label.clone(),
        }),
        help: problem.remedy.clone(),
        ..Failure::new(Exit::Usage, problem.message.clone())
    };
    first_of(error.problems.iter().map(failure))
}

/// Returns one failure for each problem of the policies.
pub(crate) fn of_policies(error: &PolicyError) -> Vec<Failure> {
    let failure = |wrong: &warren::app::PolicyProblem| {
        let name = wrong.path.display().to_string();
        if wrong.text.is_empty() {
            let message = &wrong.problem.message;
            let message = match wrong.path.as_os_str().is_empty() {
                true => message.clone(),
                false => format!("{}: {message}", text::path(&wrong.path)),
            };
            return Failure::new(Exit::Usage, message);
        }
        Failure {
            excerpt: Some(Excerpt {
                name,
                text: wrong.text.clone(),
                span: wrong.problem.span.clone(),
                label: wrong.problem.label.clone(),
            }),
            help: wrong.problem.remedy.clone(),
            ..Failure::new(Exit::Usage, wrong.problem.message.clone())
        }
    };
    first_of(error.problems.iter().map(failure))
}

/// Returns a warning of durable stores and queues, and databases in files, in a program that
/// keeps no data.
pub(crate) fn without_data(app: &App) -> Option<String> {
    let stores = app.stores().iter();
    let stores = stores.filter(|store| store.durable && store.url.is_none());
    let stores = stores.map(|store| ("the store", &store.id));
    let in_file = |place: &DatabasePlace| matches!(place, DatabasePlace::File(_));
    let databases = app.databases().iter();
    let databases = databases.filter(|database| in_file(&database.place));
    let databases = databases.map(|database| ("the database", &database.id));
    let queues = app.queues().iter();
    let queues = queues.filter(|queue| queue.durable && queue.url.is_none());
    let queues = queues.map(|queue| ("the queue", &queue.id));
    let mut durable = stores.chain(databases).chain(queues);
    let (what, id) = durable.next()?;
    let others = match durable.count() {
        0 => String::new(),
        1 => " and 1 more".to_owned(),
        more => format!(" and {more} more"),
    };
    Some(format!(
        "{what} {id}{others} is durable, but without --data it ends with the program"
    ))
}

/// Keeps the first failures, and counts the rest.
fn first_of(mut failures: impl ExactSizeIterator<Item = Failure>) -> Vec<Failure> {
    let more = more_problems(failures.len());
    let mut first: Vec<_> = failures.by_ref().take(ManifestError::MAX_SHOWN).collect();
    first.extend(more.map(|more| Failure::new(Exit::Usage, more)));
    first
}

/// Returns the command's option that asked for the grant.
fn option(access: Access) -> &'static str {
    match access {
        Access::Read => "--read",
        Access::Write => "--write",
        Access::Env => "--env",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::report::failure::{Look, render};
    use warren::app::AppOptions;
    use warren_tests::growth;

    #[test]
    fn each_problem_of_a_manifest_is_shown_with_its_place() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("warren.toml"), "x = 1\n[app]\nnaem = 2\n").unwrap();
        let error = App::open(dir.path(), AppOptions::default()).unwrap_err();
        let failures = failures(&error);
        let spans: Vec<_> = failures
            .iter()
            .map(|failure| failure.excerpt.as_ref().unwrap().span.clone())
            .collect();
        assert_eq!(spans, [0..1, 12..16]);
        assert_eq!(failures[1].help.as_deref(), Some("did you mean `name`?"));
        assert!(failures.iter().all(|failure| failure.exit == Exit::Usage));
    }

    #[test]
    fn only_the_first_problems_are_shown() {
        let dir = tempfile::tempdir().unwrap();
        let keys: String = (0..20_000).map(|n| format!("wrong_{n:05} = 1\n")).collect();
        std::fs::write(dir.path().join("warren.toml"), keys).unwrap();
        let error = App::open(dir.path(), AppOptions::default()).unwrap_err();
        let failures = failures(&error);
        assert_eq!(failures.len(), ManifestError::MAX_SHOWN + 1);
        assert_eq!(failures[0].message, "unknown key `wrong_00000`");
        let last = &failures[ManifestError::MAX_SHOWN].message;
        assert_eq!(last, "19980 more problems are not shown");
    }

    /// A report that looks for the place of each mistake from the beginning of the file, or
    /// compares each key with all others, takes the square of their number.
    #[test]
    fn mistakes_are_reported_in_proportion_to_their_number() {
        let keys: fn(usize) -> String = |n| format!("wrong_{n:05} = 1\n");
        let hosts: fn(usize) -> String = |n| format!("[hosts.\"app:h{n:05}\"]\nmax = 1\n");
        let dir = tempfile::tempdir().unwrap();
        for (what, entry) in [("keys", keys), ("hosts", hosts)] {
            growth::is_in_proportion(what, 5_000, |count| {
                let text: String = (0..count).map(entry).collect();
                std::fs::write(dir.path().join("warren.toml"), text).unwrap();
                let begun = Instant::now();
                let error = App::open(dir.path(), AppOptions::default()).unwrap_err();
                let failures = failures(&error);
                let plain = Look { fancy: false };
                let shown: String = failures.iter().map(|one| render(one, plain)).collect();
                let took = begun.elapsed();
                let more = format!("{} more problems", count - ManifestError::MAX_SHOWN);
                assert!(shown.contains(&more), "{shown}");
                took
            });
        }
    }

    #[test]
    fn a_grant_is_named_by_its_option() {
        let options = AppOptions {
            write: vec!["no/such/place".into()],
            ..AppOptions::default()
        };
        let dir = tempfile::tempdir().unwrap();
        let error = App::open(dir.path(), options).unwrap_err();
        let [failure] = &failures(&error)[..] else {
            panic!("one failure");
        };
        assert!(
            failure.message.starts_with("--write no/such/place: "),
            "{failure}"
        );
        assert!(failure.help.is_some());
    }
}
