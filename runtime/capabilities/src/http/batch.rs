//! `http.batch`: several requests at once.

use futures::future::join_all;
use warren_engine::capability::{Answer, Caller, Charge, Step};
use warren_kernel::{Details, Error, Field};
use warren_values::msgpack::{Full, Input, Output, Token};

use super::{Http, OF_REQUEST};
use crate::limit::beyond;
use crate::request::Arguments;

/// Requests of one batch: each asks for a permission.
const MAX_BATCH: u32 = 16;

/// `http.batch(requests)`: a list with the answer or the error of each request. A request is a
/// list of method, URL and options; it has no streams.
pub(super) fn batch(http: &Http, caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let wrong = || Error::invalid("requests: expected a list of requests");
    let mut input = Input::new(Arguments::new(request)?.value()?);
    let Ok(Token::Array(len)) = input.token() else {
        return Err(wrong());
    };
    if len > MAX_BATCH {
        let message = format!("requests: {len} are more than max_batch = {MAX_BATCH}");
        return Err(beyond("max_batch", MAX_BATCH as usize, message));
    }
    let mut begun = Vec::new();
    for _ in 0..len {
        let request = input.value().map_err(|_| wrong())?;
        begun.push(http.begin_without_streams(caller, request));
    }
    let memory = begun.iter().flatten().map(|one| one.wish.payload.memory());
    let memory = memory.sum::<usize>() + begun.len() * OF_REQUEST;
    Ok(Step::wait(memory, move |charge| async move {
        let charged = &charge;
        let exchanges = begun
            .into_iter()
            .map(|begun| async move { begun?.run(charged).await });
        answer(&join_all(exchanges).await, charged)
    }))
}

/// Encodes the answers, which are still held.
fn answer(answers: &[Answer], charge: &Charge) -> Answer {
    let bytes: usize = answers.iter().flatten().map(Vec::len).sum();
    charge.grow(bytes)?;
    crate::answer::write(|out| {
        out.array(u32::try_from(answers.len()).unwrap_or(u32::MAX))?;
        answers.iter().try_for_each(|answer| match answer {
            Ok(answer) => out.raw(answer),
            Err(error) => write(error, out),
        })
    })
}

/// Writes an error of the runtime as a value.
fn write(error: &Error, out: &mut Output) -> Result<(), Full> {
    let mut details = Output::new();
    match &error.details {
        None => {}
        Some(Details::Encoded(encoded)) => details.raw(encoded)?,
        Some(Details::Fields(fields)) => {
            details.map(u32::try_from(fields.len()).unwrap_or(u32::MAX))?;
            for (name, field) in fields {
                details.string(name.as_bytes())?;
                match field {
                    Field::Text(text) => details.string(text.as_bytes())?,
                    Field::Number(number) => {
                        details.integer(i64::try_from(*number).unwrap_or(i64::MAX))?;
                    }
                }
            }
        }
    }
    let value = warren_values::Error {
        kind: error.kind.as_str().to_owned(),
        message: error.message.clone(),
        retryable: error.retryable,
        details: details.as_slice().to_vec(),
        stack: error.stack.clone(),
        contexts: error.contexts.clone(),
    };
    value.encode(out)
}

#[cfg(test)]
mod tests {
    use warren_kernel::Kind;
    use warren_values::Value;

    use super::*;

    #[test]
    fn errors_stand_beside_answers() {
        let charge = Charge::new(|_| Ok(()));
        let failed = Error::at_limit(Kind::Timeout, "timeout", 7, "late").with("reason", "x");
        let answer = answer(&[Ok(b"\xc3".to_vec()), Err(failed)], &charge).unwrap();
        let Value::Array(values) = warren_values::from_value(&answer).unwrap() else {
            panic!("no list");
        };
        assert_eq!(values[0], Value::Boolean(true));
        let Value::Error(error) = &values[1] else {
            panic!("{values:?}");
        };
        assert_eq!(
            (error.kind.as_str(), error.message.as_str()),
            ("Timeout", "late")
        );
        let details: Value = warren_values::from_value(&error.details).unwrap();
        assert_eq!(details.get("value"), Some(&Value::Integer(7)));
    }
}
