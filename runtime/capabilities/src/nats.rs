//! Connections to servers of NATS, names there, and what servers refuse.

use std::error::Error as _;
use std::time::Duration;

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, ConnectError, ConnectOptions};

/// Time for a connection, and for an answer of the server.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to a server, which does not send back what comes from the connection.
///
/// # Errors
///
/// The server does not answer, or refuses the connection.
pub(crate) async fn connect(url: &str) -> Result<(Client, Context), ConnectError> {
    let options = ConnectOptions::new()
        .name("warren")
        .no_echo()
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

/// Bytes that a server needs for a message beside its value, the name of its subject and what
/// the message tells otherwise: its place, its checksum, and the headers of a runtime.
const OF_MESSAGE: u64 = 160;

/// Returns the bytes of a stream that has room for so many bytes of values, in so many messages
/// whose subjects have names of this length.
pub(crate) fn bytes_of_stream(values: u64, messages: usize, subject: usize) -> i64 {
    let each = OF_MESSAGE.saturating_add(subject as u64);
    let others = each.saturating_mul(messages as u64);
    i64::try_from(values.saturating_add(others)).unwrap_or(i64::MAX)
}

/// The bound of a stream that has no room for a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// Of the number of messages.
    Messages,
    /// Of their bytes.
    Bytes,
}

/// Returns the bound for which a server has refused a message; `None` for another error.
pub(crate) fn no_room(error: &PublishError) -> Option<NoRoom> {
    let source = error.source()?;
    let of_server = source.downcast_ref::<jetstream::Error>()?;
    if of_server.error_code() != ErrorCode::STREAM_STORE_FAILED {
        return None;
    }
    // Servers have one code for both bounds: only their words tell which one it is.
    match of_server.to_string().contains("bytes") {
        true => Some(NoRoom::Bytes),
        false => Some(NoRoom::Messages),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_has_a_name_of_its_own() {
        assert_eq!(name_of("app.shop:new-tasks"), "app~shop=new-tasks");
        assert_ne!(name_of("a.b:c"), name_of("a:b.c"));
    }

    #[test]
    fn a_stream_has_room_for_the_bytes_beside_values() {
        assert_eq!(bytes_of_stream(2_048, 3, 40), 2_048 + 3 * 200);
        assert_eq!(bytes_of_stream(u64::MAX, usize::MAX, 40), i64::MAX);
    }
}
