//! Compiling what was built, so that its first run need not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use warren::Code;
use warren::app::{App, AppOptions, Definitions};
use warren::text;

use crate::commands::check;
use crate::exit::Exit;
use crate::report::failure::{Failure, Failures};
use crate::report::stderr;
use crate::report::step::Step;

/// Compiles guests into the code cache: as definitions of the program at `path` where they
/// are such, each alone elsewhere.
///
/// # Errors
///
/// The runtime cannot be started, or a guest cannot run; one failure for each.
pub(super) fn compile(made: &[PathBuf], path: &Path) -> Result<(), Failures> {
    let real = |path: &PathBuf| fs::canonicalize(path).ok();
    let mut left: BTreeSet<PathBuf> = made.iter().filter_map(real).collect();
    let mut failures = Vec::new();
    // A directory without a first definition is no program.
    if path.is_dir()
        && let Ok(app) = App::open(path, AppOptions::default())
    {
        let definitions: Vec<Arc<str>> = app
            .survey()
            .into_iter()
            .filter(|definition| file_of(&app, definition).is_some_and(|file| left.remove(&file)))
            .collect();
        failures.extend(compile_each(app, &definitions, path)?);
    }
    for file in left {
        match App::open(&file, AppOptions::default()) {
            Ok(app) => {
                let main = app.main().clone();
                let definitions = app.survey().into_iter();
                let of_file = definitions.filter(|found| *found == main);
                let shown = shown_among(made, &file);
                let parent = shown.parent().unwrap_or(Path::new(".")).to_owned();
                failures.extend(compile_each(app, &of_file.collect::<Vec<_>>(), &parent)?);
            }
            // The program around it cannot run yet; what was built is sound.
            Err(error) => stderr::write(&format!(
                "note: {} is not compiled: {}\n",
                text::path(&file),
                text::line(&error.to_string())
            )),
        }
    }
    match failures.is_empty() {
        true => Ok(()),
        false => Err(failures.into()),
    }
}

/// Returns the path of a file as the command line has it.
fn shown_among(made: &[PathBuf], file: &Path) -> PathBuf {
    let is_it = |made: &&PathBuf| fs::canonicalize(made).is_ok_and(|made| made == file);
    let shown = made.iter().find(is_it).map(PathBuf::as_path);
    shown.unwrap_or(file).to_owned()
}

/// Compiles definitions of a program, whose directory is shown as `root`.
fn compile_each(
    app: App,
    definitions: &[Arc<str>],
    root: &Path,
) -> Result<Vec<Failure>, Box<Failure>> {
    let names: Vec<_> = definitions
        .iter()
        .map(|definition| name_of(&app, definition))
        .collect();
    let title = |index: usize| {
        let file = match &names[index] {
            Some(name) => root.join(name),
            None => root.to_owned(),
        };
        format!("compiling {}", text::path(&file))
    };
    let begin = |index: usize| Some(Step::begin(&title(index)));
    let failed = check::compile(app, definitions, begin)?;
    Ok(failed
        .into_iter()
        .map(|(definition, error)| Failure {
            notes: vec![format!("in definition {definition}")],
            ..Failure::new(Exit::Failed, error.message)
        })
        .collect())
}

/// Returns the path of a guest below the program's directory; `None` for a definition
/// that is no file of WebAssembly.
fn name_of(app: &App, definition: &str) -> Option<String> {
    match &app.definition(definition).ok()?.code {
        Code::Wasm(source) => Some(source.name.to_string()),
        Code::Lua(_) | Code::Native(_) => None,
    }
}

fn file_of(app: &App, definition: &str) -> Option<PathBuf> {
    fs::canonicalize(app.root().join(name_of(app, definition)?)).ok()
}
