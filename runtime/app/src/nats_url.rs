//! The URLs of servers of NATS, which variables hold.

use std::sync::Arc;

use toml::Spanned;
use warren_kernel::text;

use crate::check::Checked;

impl Checked {
    /// Returns the URL of the server that a variable holds; records a problem if it holds none.
    /// `what` is the word for the entry that names the variable.
    pub(crate) fn nats_url(&mut self, name: &Spanned<String>, what: &str) -> Option<Arc<str>> {
        let read = self.secret(name.get_ref()).and_then(|url| {
            let url = std::str::from_utf8(&url).unwrap_or_default();
            let schemes = ["nats://", "tls://"];
            match schemes.iter().any(|scheme| url.starts_with(scheme)) {
                true => Ok(Arc::from(url)),
                false => Err(format!(
                    "the variable `{}` holds no URL that begins with nats:// or tls://",
                    text::quoted(name.get_ref())
                )),
            }
        });
        match read {
            Ok(url) => Some(url),
            Err(message) => {
                let label = "expected the name of an environment variable that holds a URL";
                let remedy = format!(
                    "set the variable for the command, such as nats://localhost:4222, or leave \
                     `url` out for a {what} of the program's own"
                );
                self.problem(name.span(), message, label, remedy);
                None
            }
        }
    }
}
