//! `warren doctor`: checks that the machine meets a program's needs.

mod checks;
mod finding;
mod machine;
mod tools;

use clap::Args;
use std::num::NonZero;
use std::path::Path;
use std::path::PathBuf;

use serde_json::json;
use warren::app::{App, AppOptions, HostSettings};
use warren::requirements::HostRequirements;
use warren::text;

use crate::environment::{NO_CACHE_HELP, cache_directory};
use crate::exit::Exit;
use crate::report::failure::Failures;
use crate::report::opening;
use crate::report::stdout;
use finding::{Finding, Verdict};
use machine::Machine;

/// The options of `warren doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Notes tell of the tool chains of compiled guests that `warren build` does not \
                  find, each with the command that installs it.\n\n\
                  Exit status: 0; 1 if the machine cannot meet a need of the program's manifest; 2 \
                  for a wrong command line or manifest, or no such program."
)]
pub(crate) struct DoctorArgs {
    /// The program (a file or a directory); by default, a program without a
    /// manifest
    pub(crate) path: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs and prints the checks. Exits with 0 if the machine meets all needs.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<Exit, Failures> {
    let mut stated = None;
    let hosts = match &args.path {
        Some(path) => {
            let app = App::open(path, AppOptions::default());
            let app = app.map_err(|error| opening::failures(&error))?;
            stated = app.max_memory_total();
            HostRequirements::of(&app)
        }
        None => vec![HostRequirements::of_host(
            "app:processes".into(),
            &HostSettings::default(),
        )],
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let machine = Machine::read(Path::new("/"));
    let mut findings = checks::of_limits(&machine, &hosts, cores);
    findings.extend(checks::budgets(&machine, &hosts, stated));
    findings.extend([of_cores(cores), of_pagemap_scan(), of_code_cache()]);
    findings.extend(tools::findings());
    let failed = findings
        .iter()
        .any(|finding| finding.verdict == Verdict::Failed);
    let text = if args.json {
        as_json(&hosts, &findings, failed)
    } else {
        as_text(&hosts, &findings)
    };
    let exit = if failed { Exit::Failed } else { Exit::Success };
    Ok(stdout::print(&text, exit)?)
}

fn of_cores(cores: usize) -> Finding {
    Finding::new("cores").present(cores)
}

fn of_pagemap_scan() -> Finding {
    let finding = Finding::new("PAGEMAP_SCAN");
    if warren::requirements::pagemap_scan_is_available() {
        finding.present("available")
    } else {
        finding.present("not available").says(
            Verdict::Note,
            "spawns cost more; needs Linux 6.7".to_owned(),
        )
    }
}

fn of_code_cache() -> Finding {
    let finding = Finding::new("code cache");
    let Some(directory) = cache_directory() else {
        return finding
            .says(
                Verdict::Note,
                "there is no directory for it: every start compiles, which takes seconds"
                    .to_owned(),
            )
            .remedy(NO_CACHE_HELP.to_owned());
    };
    let finding = finding.present(directory.display());
    match warren::requirements::try_code_cache(&directory) {
        Ok(()) => finding,
        Err(error) => {
            let message = format!("{error}: every start compiles, which takes seconds");
            let finding = finding.says(Verdict::Note, message);
            match error.remedy() {
                Some(remedy) => finding.remedy(remedy),
                None => finding,
            }
        }
    }
}

fn as_text(hosts: &[HostRequirements], findings: &[Finding]) -> String {
    let mut text = String::new();
    for host in hosts {
        let origin = if host.stated { "" } else { ", the default" };
        text += &format!(
            "host {}: {} processes{origin}\n",
            text::line(&*host.name),
            host.max_processes
        );
    }
    for finding in findings {
        text += &format!("{finding}\n");
    }
    text
}

fn as_json(hosts: &[HostRequirements], findings: &[Finding], failed: bool) -> String {
    let hosts = hosts.iter().map(|host| {
        json!({
            "name": &*host.name,
            "max_processes": host.max_processes,
            "stated": host.stated,
        })
    });
    let report = json!({
        "ok": !failed,
        "hosts": hosts.collect::<Vec<_>>(),
        "checks": findings.iter().map(Finding::to_json).collect::<Vec<_>>(),
    });
    format!("{}\n", text::json(&format!("{report:#}")))
}
