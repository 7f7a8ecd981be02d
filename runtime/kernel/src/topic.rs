//! The topics of messages.

use crate::error::Error;
use crate::name::{MAX_NAME_BYTES, too_long};

/// Refuses texts that a program cannot use as a topic.
#[inline]
pub(crate) fn check_topic(topic: &str) -> Result<(), Error> {
    match topic.as_bytes().first() {
        None | Some(b'@') => Err(no_topic(topic)),
        Some(_) => Ok(()),
    }
}

#[cold]
fn no_topic(topic: &str) -> Error {
    if topic.is_empty() {
        return Error::invalid("a topic may not be empty");
    }
    // A topic may be as long as a message, and an error is kept.
    let shown = &topic[..topic.floor_char_boundary(MAX_NAME_BYTES)];
    Error::invalid(format!(
        "a topic may not begin with @, which is reserved: {shown}"
    ))
}

/// Refuses texts no program can listen on; a process keeps its listeners'
/// topics.
pub(crate) fn check_topic_to_listen(topic: &str) -> Result<(), Error> {
    check_topic(topic)?;
    if topic.len() > MAX_NAME_BYTES {
        return Err(too_long("a topic to listen on"));
    }
    Ok(())
}
