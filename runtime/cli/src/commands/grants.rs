//! The options that grant files, environment variables, origins and entries of the manifest to a
//! program.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use warren::app::{EnvGrant, UseGrant};

/// The grants to a program.
#[derive(Debug, Args)]
pub(crate) struct GrantArgs {
    /// Let the program read this file or directory
    #[arg(long, value_name = "PATH")]
    pub(crate) read: Vec<PathBuf>,
    /// Let the program read and change this file or directory
    ///
    /// A missing file may be created.
    #[arg(long, value_name = "PATH")]
    pub(crate) write: Vec<PathBuf>,
    /// Let the program see this environment variable
    ///
    /// NAME alone has the value from the environment of the command.
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = EnvGrantParser)]
    pub(crate) env: Vec<EnvGrant>,
    /// Let the program use this store of its manifest
    ///
    /// A name without a colon is one of `app`.
    #[arg(long, value_name = "ID")]
    pub(crate) store: Vec<String>,
    /// Let the program send requests to this origin, such as https://api.example.com
    ///
    /// `,private` behind it allows private addresses, and those of this machine.
    #[arg(long, value_name = "ORIGIN[,private]")]
    pub(crate) http: Vec<String>,
    /// Let the program publish to this queue of its manifest
    ///
    /// A name without a colon is one of `app`.
    #[arg(long, value_name = "ID")]
    pub(crate) queue: Vec<String>,
}

impl GrantArgs {
    /// Returns the origins and the entries of the manifest that the program may use.
    pub(crate) fn uses(&self) -> Vec<UseGrant> {
        let stores = self.store.iter().map(|id| UseGrant::all("store", id));
        let queues = self.queue.iter().map(|id| UseGrant::all("queue", id));
        let origins = self.http.iter().map(|text| origin(text));
        stores.chain(origins).chain(queues).collect()
    }
}

/// Reads `ORIGIN` and `ORIGIN,private`.
fn origin(text: &str) -> UseGrant {
    match text.strip_suffix(",private") {
        Some(origin) => UseGrant {
            right: "private".to_owned(),
            ..UseGrant::all("http", origin)
        },
        None => UseGrant::all("http", text),
    }
}

/// A parser of `NAME` and `NAME=VALUE`.
#[derive(Clone)]
pub(crate) struct EnvGrantParser;

impl clap::builder::TypedValueParser for EnvGrantParser {
    type Value = EnvGrant;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<EnvGrant, clap::Error> {
        let text = NonEmptyStringValueParser::new().parse_ref(command, arg, value)?;
        Ok(match text.split_once('=') {
            Some((name, value)) => EnvGrant {
                name: name.to_owned(),
                value: Some(value.to_owned()),
            },
            None => EnvGrant {
                name: text,
                value: None,
            },
        })
    }
}
