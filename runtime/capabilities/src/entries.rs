//! Entries of the manifest that programs are granted, such as stores and queues: their ids, and
//! the error of an entry that a program does not have.

use warren_engine::capability::Caller;
use warren_kernel::{Error, Kind, text};

use crate::limit::check_name_length;
use crate::request::Arguments;

/// A kind of entries.
pub(crate) struct Entries {
    /// The word for one of them.
    pub(crate) what: &'static str,
    /// The table of the manifest that declares them.
    pub(crate) table: &'static str,
    /// The key of `[grants."id"]` that grants them.
    pub(crate) key: &'static str,
    /// The option of the command that grants them.
    pub(crate) option: &'static str,
    /// The text that the option has behind the id.
    pub(crate) behind: &'static str,
}

/// Characters of an id in a message.
const SHOWN: usize = 100;

/// Reads the id of an entry, the next argument of a call. A name without `:` is one of `app`.
///
/// # Errors
///
/// `Invalid` for an id that is missing, empty or too long.
pub(crate) fn id(arguments: &mut Arguments<'_>) -> Result<String, Error> {
    let id = arguments.text("id")?;
    if id.is_empty() {
        return Err(Error::invalid("id is empty"));
    }
    check_name_length("id", id)?;
    Ok(match id.contains(':') {
        true => id.to_owned(),
        false => format!("app:{id}"),
    })
}

impl Entries {
    /// Returns the error of an entry that is not granted to the caller. An entry that does not
    /// exist has the same one, so that a program cannot probe.
    pub(crate) fn not_found(&self, id: &str, caller: &dyn Caller) -> Error {
        let Entries { what, table, .. } = self;
        let (shown, granting) = (text::clipped(id, SHOWN), self.granting(id, caller));
        let message = format!(
            "{what} not found: {shown}; declare it by [{table}.\"{shown}\"], and {granting}"
        );
        Error::not_found(message).retryable(false)
    }

    /// Returns the error of an action on an entry that is granted to the caller for reading
    /// alone.
    pub(crate) fn only_read(&self, action: &'static str, id: &str, caller: &dyn Caller) -> Error {
        let granting = self.granting(id, caller);
        let message =
            format!("not allowed: {action} on {id}, which is granted for reading; {granting}");
        denied(action, id, message)
    }

    /// Tells how to grant an entry, with all rights.
    fn granting(&self, id: &str, caller: &dyn Caller) -> String {
        let Entries {
            key,
            option,
            behind,
            ..
        } = self;
        let (id, definition) = (text::clipped(id, SHOWN), caller.definition());
        format!(
            "grant it by {key} = [\"{id}\"] in [grants.\"{definition}\"], or by {option} \
             {id}{behind}"
        )
    }
}

/// Returns the error of an action that a grant or a setting does not allow.
pub(crate) fn denied(action: &'static str, id: &str, message: String) -> Error {
    Error::new(Kind::PermissionDenied, message)
        .with("action", action)
        .with("resource", id)
}
