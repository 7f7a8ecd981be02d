//! Connections to servers of NATS, names there, and what servers refuse.

use std::error::Error as _;
use std::time::Duration;

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, ConnectError, ConnectOptions};

/// Time for a connection, and for an answer of the server.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to a server.
///
/// # Errors
///
/// The server does not answer, or refuses the connection.
pub(crate) async fn connect(url: &str) -> Result<(Client, Context), ConnectError> {
    let options = ConnectOptions::new()
        .name("warren")
        .connection_timeout(TIMEOUT)
        .request_timeout(Some(TIMEOUT));
    let client = options.connect(url).await?;
    let mut context = jetstream::new(client.clone());
    context.set_timeout(TIMEOUT);
    Ok((client, context))
}

/// Returns the id of an entry of the manifest as a part of names, in which no two ids are the
/// same.
pub(crate) fn name_of(id: &str) -> String {
    id.replace(':', "=").replace('.', "~")
}

/// Returns the words of a server whose stream has no room for a message; `None` for another
/// error.
pub(crate) fn no_room(error: &PublishError) -> Option<String> {
    let source = error.source()?;
    let of_server = source.downcast_ref::<jetstream::Error>()?;
    let is_full = of_server.error_code() == ErrorCode::STREAM_STORE_FAILED;
    is_full.then(|| of_server.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_has_a_name_of_its_own() {
        assert_eq!(name_of("app.shop:new-tasks"), "app~shop=new-tasks");
        assert_ne!(name_of("a.b:c"), name_of("a:b.c"));
    }
}
