//! The origins that a process is granted.

use std::sync::Arc;

use warren_engine::Uses;
use warren_engine::capability::{Caller, Origin, OriginGrant, Permits};
use warren_kernel::Error;

use super::failure;

/// The origins that a process is granted, read once for its code.
pub(super) struct Granted {
    origins: Vec<OriginGrant>,
    definition: Arc<str>,
}

impl Granted {
    /// Returns the origins of the caller.
    ///
    /// # Errors
    ///
    /// `Canceled` if the process has ended.
    pub(super) fn of(caller: &mut dyn Caller) -> Result<Arc<Granted>, Error> {
        if let Some(known) = caller.kept().find::<Granted>() {
            return Ok(known);
        }
        let granted = Granted {
            origins: read(&caller.grants().uses),
            definition: Arc::clone(caller.definition()),
        };
        caller.kept().state(|| granted)
    }

    /// Returns true if a URL of this origin and path is granted with private addresses, and
    /// false if it is granted without them.
    ///
    /// # Errors
    ///
    /// `PermissionDenied` if no grant covers the URL.
    pub(super) fn check(&self, origin: &Origin, path: &str) -> Result<bool, Error> {
        let mut covering = self
            .origins
            .iter()
            .filter(|grant| grant.covers(origin, path))
            .peekable();
        if covering.peek().is_none() {
            return Err(failure::not_granted(&self.definition, origin, path));
        }
        Ok(covering.any(OriginGrant::is_private))
    }
}

/// Reads the origins of grants. What an embedder has granted in another form covers nothing.
fn read(uses: &Uses) -> Vec<OriginGrant> {
    uses.of(OriginGrant::CAPABILITY)
        .filter_map(|(origin, right)| OriginGrant::of_use(origin, right).ok())
        .collect()
}

/// A question to the policies about a request.
pub(super) struct Question<'a> {
    pub(super) origin: &'a Origin,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) url: &'a str,
    /// The protocol that the connection is to speak in place of HTTP.
    pub(super) upgrade: Option<&'a str>,
}

/// The action of a request.
const ACTION: &str = "http.request";

impl<'a> Question<'a> {
    fn attributes(&self) -> Vec<(&'static str, &'a str)> {
        let mut attributes = vec![
            ("method", self.method),
            ("path", self.path),
            ("url", self.url),
        ];
        attributes.extend(self.upgrade.map(|upgrade| ("upgrade", upgrade)));
        attributes
    }

    /// Asks for the permission before the call has begun.
    ///
    /// # Errors
    ///
    /// As [`Caller::permit`].
    pub(super) fn ask(&self, caller: &mut dyn Caller) -> Result<(), Error> {
        caller.permit(ACTION, self.origin.as_str(), &self.attributes())
    }

    /// Asks for the permission of a redirect.
    ///
    /// # Errors
    ///
    /// As [`Permits::permit`].
    pub(super) fn ask_later(&self, permits: &Permits) -> Result<(), Error> {
        permits.permit(ACTION, self.origin.as_str(), &self.attributes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_grant_counts() {
        let uses = Uses::default()
            .with("http", "http://a.org")
            .with_right("http", "http://a.org/in/", "private")
            .with("http", "no origin")
            .with_right("http", "*", "private");
        let granted = Granted {
            origins: read(&uses),
            definition: "app:main".into(),
        };
        let origin = Origin::of("http://a.org").unwrap();
        assert_eq!(granted.check(&origin, "/"), Ok(false));
        assert_eq!(granted.check(&origin, "/in/x"), Ok(true));
        let other = Origin::of("http://b.org").unwrap();
        assert!(granted.check(&other, "/").is_err());
    }
}
