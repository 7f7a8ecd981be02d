//! `queue.publish`: a message at the end of a queue.

use std::sync::Arc;
use std::time::Duration;

use warren_engine::capability::{Caller, Step};
use warren_kernel::Error;
use warren_values::msgpack::{Input, Token};

use super::message::{Content, NewMessage, headers};
use super::{PUBLISH, Queues};
use crate::answer;
use crate::crypto::new_uuid;
use crate::limit::beyond;
use crate::request::Arguments;

/// Bytes that a message on its way takes beside its headers and its value.
const OF_MESSAGE: usize = 256;

/// `queue.publish(id, value, headers, delay)`: true once the message is stored. `delay` is in
/// nanoseconds.
pub(super) fn publish(
    queues: &Queues,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let queue = queues.granted(caller, &mut arguments)?;
    let settings = &queue.settings;
    let value = arguments.value()?;
    check_value(value)?;
    let most = settings.max_value;
    if value.len() > most {
        let message = format!(
            "value is {} bytes, more than max_value = {most} of the queue {}",
            value.len(),
            settings.id
        );
        return Err(beyond("max_value", most, message).with("queue", &*settings.id));
    }
    let headers = headers(arguments.map("headers")?)?;
    let delay = arguments.integer_or("delay", 0)?;
    let delay = u64::try_from(delay).map_err(|_| Error::invalid("delay is below 0"))?;
    caller.permit(PUBLISH, &settings.id, &[])?;
    let content = Content {
        headers,
        value: value.into(),
    };
    let bytes = usize::try_from(content.bytes()).unwrap_or(usize::MAX);
    let new = NewMessage {
        id: Arc::from(new_uuid()?),
        content,
        delay: Duration::from_nanos(delay),
    };
    let host = caller.process().host().number();
    Ok(match queue.publish(host, new)? {
        None => Step::Done(answer::write(|out| out.boolean(true))),
        Some(later) => Step::wait(bytes.saturating_add(OF_MESSAGE), move |_| async move {
            later.await?;
            answer::write(|out| out.boolean(true))
        }),
    })
}

/// Refuses a value that is nothing.
fn check_value(value: &[u8]) -> Result<(), Error> {
    match Input::new(value).token() {
        Ok(Token::Nil) => Err(Error::invalid("value is missing")),
        Ok(Token::Array(0) | Token::Map(0)) => Err(Error::invalid("value is an empty table")),
        _ => Ok(()),
    }
}
