//! `warren check`: checks of a program that do not run it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};
use warren::app::{App, AppOptions};
use warren::{Error, Runtime, text};

use crate::environment::{self, cache_for_code, interpreter};
use crate::exit::Exit;
use crate::lint::{self, Finding, Rule};
use crate::report::failure::{Failure, Failures};
use crate::report::opening;
use crate::report::refused::refused;
use crate::report::stderr;
use crate::report::stdout;
use crate::report::step::Step;
use crate::report::warning::Warnings;

/// The options of `warren check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Warns of likely mistakes in Lua: unknown globals, unused locals, wrong numbers \
                  of arguments, results that nobody looks at, definitions that do not exist. The \
                  comment `-- lint: off` at the end of a line, or on a line above it, silences \
                  them; so does `-- luacheck: ignore`, alone or with rules.\n\n\
                  Exit status: 0, also with warnings; 1 if code does not compile, or with \
                  --deny-warnings; 2 for a wrong command line, manifest or policy, or no such \
                  program; 141 if the reader of standard output is gone."
)]
pub(crate) struct CheckArgs {
    /// The program: a directory, or a .lua, .wasm or .wat file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Fail if there are warnings
    #[arg(long)]
    pub(crate) deny_warnings: bool,
    /// Do not warn of likely mistakes
    #[arg(long, conflicts_with = "deny_warnings")]
    pub(crate) lint_off: bool,
}

/// Warnings that are printed as text; more of them help nobody.
const SHOWN: usize = 1_000;

/// Opens the program as `run` does, compiles all of it, and looks for likely mistakes.
pub(crate) fn check(args: &CheckArgs, warnings: Warnings) -> Result<Exit, Failures> {
    let options = AppOptions::default();
    let app = match App::open(&args.path, options) {
        Ok(app) => app,
        Err(error) => {
            let failures = opening::failures(&error);
            if !args.json {
                return Err(failures.into());
            }
            let errors = failures.iter().map(of_opening).collect();
            return Ok(stdout::print(
                &as_json(0, errors, &[], Exit::Usage),
                Exit::Usage,
            )?);
        }
    };
    let definitions = app.survey();
    let files: BTreeMap<&str, Arc<str>> = definitions
        .iter()
        .filter_map(|id| Some((&**id, app.file_of(id)?)))
        .collect();
    let mut findings = match args.lint_off {
        true => Vec::new(),
        false => findings(&app, &files),
    };
    let failed = compile(app, &definitions, |_| None)?;
    // The compiler says more of a file that it does not take.
    let broken_files: Vec<&Arc<str>> = failed
        .iter()
        .filter_map(|(definition, _)| files.get(definition))
        .collect();
    findings.retain(|finding| {
        let is_told = broken_files.iter().any(|file| ***file == *finding.file);
        finding.rule != Rule::Unread || !is_told
    });
    let is_denied = args.deny_warnings && !findings.is_empty();
    let exit = match failed.is_empty() && !is_denied {
        true => Exit::Success,
        false => Exit::Failed,
    };
    if args.json {
        let errors = failed.iter().map(of_definition).collect();
        let report = as_json(definitions.len(), errors, &findings, exit);
        return Ok(stdout::print(&report, exit)?);
    }
    for finding in findings.iter().take(SHOWN) {
        warnings.print(&finding.to_string());
    }
    if findings.len() > SHOWN {
        warnings.print(&format!("{} more", findings.len() - SHOWN));
    }
    if !failed.is_empty() {
        let failed = failed.into_iter();
        let failed: Vec<Failure> = failed
            .map(|(definition, error)| broken(definition, &error))
            .collect();
        return Err(failed.into());
    }
    // Warnings come before the summary, also where both go to one file.
    stderr::finish(None);
    let text = summary(definitions.len(), findings.len());
    Ok(stdout::print(&text, exit)?)
}

/// Returns the likely mistakes in the program's files in Lua.
fn findings(app: &App, files: &BTreeMap<&str, Arc<str>>) -> Vec<Finding> {
    let known: Vec<&str> = files.keys().copied().collect();
    let paths: BTreeSet<&Arc<str>> = files
        .values()
        .filter(|path| path.ends_with(".lua"))
        .collect();
    let files: Vec<lint::File> = paths
        .into_iter()
        .filter_map(|path| {
            Some(lint::File {
                path: path.to_string(),
                text: app.file(path)?,
            })
        })
        .collect();
    let has_module = |name: &str| {
        let place = name.replace('.', "/");
        let places = [format!("{place}.lua"), format!("{place}/init.lua")];
        places.iter().any(|place| app.file(place).is_some())
    };
    lint::lint(
        &files,
        &lint::Program {
            app: app.name(),
            definitions: &known,
            has_definition: &|id| app.file_of(id).is_some(),
            has_module: &has_module,
        },
    )
}

/// Returns the last line of the text.
fn summary(definitions: usize, findings: usize) -> String {
    let s = |number| if number == 1 { "" } else { "s" };
    let of = s(definitions);
    match findings {
        0 => format!("{definitions} definition{of}, nothing wrong\n"),
        _ => format!(
            "{definitions} definition{of}, {findings} warning{}\n",
            s(findings)
        ),
    }
}

/// Returns the record of a definition that does not compile.
fn of_definition((definition, error): &(&str, Error)) -> Value {
    json!({
        "definition": definition,
        "message": error.message,
    })
}

/// Returns the record of a failure for which the program cannot be opened.
fn of_opening(failure: &Failure) -> Value {
    let mut record = json!({ "message": failure.message });
    if let Some(excerpt) = &failure.excerpt {
        let (line, column) = excerpt.place();
        record["file"] = json!(excerpt.name);
        record["line"] = json!(line);
        record["column"] = json!(column);
    }
    if let Some(help) = &failure.help {
        record["help"] = json!(help);
    }
    record
}

fn as_json(definitions: usize, errors: Vec<Value>, findings: &[Finding], exit: Exit) -> String {
    let report = json!({
        "ok": exit == Exit::Success,
        "definitions": definitions,
        "errors": errors,
        "warnings": findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
    });
    format!("{}\n", text::json(&format!("{report:#}")))
}

/// Compiles definitions of a program; returns those that fail. `begin` is called with the
/// index of each before it is compiled.
pub(crate) fn compile(
    app: App,
    definitions: &[Arc<str>],
    begin: impl Fn(usize) -> Option<Step>,
) -> Result<Vec<(&str, Error)>, Box<Failure>> {
    environment::check_room()?;
    let interpreter = interpreter()?;
    let threads = tokio::runtime::Runtime::new()
        .map_err(|error| Box::new(refused("the async runtime", &error)))?;
    threads.block_on(async {
        let mut builder = Runtime::builder().app(app).cache(cache_for_code());
        if let Some(wasm) = interpreter {
            builder = builder.interpreter(wasm);
        }
        let runtime = builder
            .start()
            .map_err(|error| Box::new(refused("the runtime", &error)))?;
        let mut failed = Vec::new();
        for (index, definition) in definitions.iter().enumerate() {
            let step = begin(index);
            match (runtime.prepare(&**definition).await, step) {
                (Ok(()), Some(step)) => step.end("done"),
                (Ok(()), None) => {}
                (Err(error), _) => failed.push((&**definition, error.into())),
            }
        }
        runtime.shutdown(std::time::Duration::ZERO).await;
        Ok(failed)
    })
}

fn broken(definition: &str, error: &Error) -> Failure {
    Failure {
        notes: vec![format!("in definition {definition}")],
        ..Failure::new(Exit::Failed, error.message.clone())
    }
}
