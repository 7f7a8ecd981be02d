//! The options that grant files, environment variables, origins, servers and entries of the
//! manifest to a program.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use warren::app::{AppOptions, EnvGrant, UseGrant, VolumeGrant};

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
    /// Let the program use this database of its manifest
    ///
    /// A name without a colon is one of `app`. With `=read`, the program may only read it.
    #[arg(long, value_name = "ID[=read]", value_parser = parse_database)]
    pub(crate) sql: Vec<UseGrant>,
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
    /// Let components connect to this server by sockets, such as db.internal:5432
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) tcp: Vec<String>,
    /// Let the program use this directory as the volume of this id
    ///
    /// It takes the place of the directory that the manifest names. With `:ro` its files can only
    /// be read. A name without a colon is one of `app`.
    #[arg(long, value_name = "ID=PATH[:ro]", value_parser = volume)]
    pub(crate) volume: Vec<VolumeGrant>,
}

impl GrantArgs {
    /// Returns the options of a program with these grants.
    pub(crate) fn options(&self) -> AppOptions {
        AppOptions {
            read: self.read.clone(),
            write: self.write.clone(),
            env: self.env.clone(),
            uses: self.uses(),
            volumes: self.volume.clone(),
            ..AppOptions::default()
        }
    }

    /// Returns the origins, the servers and the entries of the manifest that the program may
    /// use.
    fn uses(&self) -> Vec<UseGrant> {
        let stores = self.store.iter().map(|id| UseGrant::all("store", id));
        let queues = self.queue.iter().map(|id| UseGrant::all("queue", id));
        let databases = self.sql.iter().cloned();
        let origins = self.http.iter().map(|text| origin(text));
        let servers = self.tcp.iter().map(|server| UseGrant::all("tcp", server));
        let things = stores.chain(databases).chain(origins);
        things.chain(queues).chain(servers).collect()
    }
}

/// Reads the value of `--sql`.
fn parse_database(text: &str) -> Result<UseGrant, String> {
    match text.split_once('=') {
        None => Ok(UseGrant::all("sql", text)),
        Some((id, right @ ("read" | "write"))) => Ok(UseGrant {
            right: right.to_owned(),
            ..UseGrant::all("sql", id)
        }),
        Some(_) => Err("expected ID or ID=read".to_owned()),
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

/// Reads `ID=PATH` and `ID=PATH:ro`.
fn volume(text: &str) -> Result<VolumeGrant, String> {
    let Some((id, path)) = text.split_once('=') else {
        return Err("expected ID=PATH, such as app:files=data".to_owned());
    };
    let (path, write) = match path.strip_suffix(":ro") {
        Some(path) => (path, false),
        None => (path, true),
    };
    Ok(VolumeGrant {
        id: id.to_owned(),
        path: path.into(),
        write,
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_has_an_id_and_a_path() {
        let grant = |id: &str, path: &str, write| VolumeGrant {
            id: id.into(),
            path: path.into(),
            write,
        };
        assert_eq!(volume("files=a"), Ok(grant("files", "a", true)));
        let books = grant("app:books", "/srv/a=b", false);
        assert_eq!(volume("app:books=/srv/a=b:ro"), Ok(books));
        assert!(volume("data").is_err());
    }
}
