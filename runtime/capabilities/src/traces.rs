//! Traces over several programs, in the header fields of requests (W3C Trace Context).

use std::num::{NonZeroU64, NonZeroU128};

use http::{HeaderMap, HeaderName, HeaderValue};
use warren_engine::TraceContext;

/// The field with the trace and the span above.
const PARENT: &str = "traceparent";

/// The field with entries of the makers of tracing systems.
const STATE: &str = "tracestate";

/// Returns the trace of a request that came in: `None` without exactly one valid `traceparent`.
pub(crate) fn received(headers: &HeaderMap) -> Option<TraceContext> {
    let mut parents = headers.get_all(PARENT).iter();
    let (first, second) = (parents.next()?, parents.next());
    if second.is_some() {
        return None;
    }
    let context = TraceContext::parse(first.as_bytes())?;
    let states = headers.get_all(STATE).iter();
    let states = states.map(|state| state.to_str().unwrap_or_default());
    let states: Vec<&str> = states.collect();
    Some(context.with_state(&states.join(",")))
}

/// Begins a trace with a random number. `None` if the system has no random numbers.
pub(crate) fn begun(span: NonZeroU64) -> Option<TraceContext> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    Some(TraceContext {
        trace: NonZeroU128::new(u128::from_le_bytes(bytes))?,
        span,
        // It is recorded, and random.
        flags: 0b11,
        state: None,
    })
}

/// Sets the fields of a request that goes out, unless its program has set `traceparent`.
pub(crate) fn send_on(context: Option<&TraceContext>, headers: &mut HeaderMap) {
    let Some(context) = context.filter(|_| !headers.contains_key(PARENT)) else {
        return;
    };
    set(headers, PARENT, &context.to_string());
    if let Some(state) = context.state.as_deref()
        && !headers.contains_key(STATE)
    {
        set(headers, STATE, state);
    }
}

/// Sets a field. A map that is full stays as it is.
fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        // The other outcome is a map that is full.
        let _ = headers.try_insert(HeaderName::from_static(name), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for &(name, value) in fields {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_trace_is_read_and_sent_on() {
        let context = received(&headers(&[(PARENT, FIELD), (STATE, "a=1"), (STATE, "b=2")]));
        let context = context.unwrap();
        let mut sent = HeaderMap::new();
        send_on(Some(&context), &mut sent);
        assert_eq!(sent, headers(&[(PARENT, FIELD), (STATE, "a=1,b=2")]));
        // Fields of the program stay.
        let own = headers(&[(PARENT, "own")]);
        let mut sent = own.clone();
        send_on(Some(&context), &mut sent);
        send_on(None, &mut sent);
        assert_eq!(sent, own);
    }

    #[test]
    fn a_request_without_one_valid_field_has_no_trace() {
        for fields in [
            &[][..],
            &[(STATE, "a=1")],
            &[(PARENT, "")],
            &[(PARENT, "00-1-2-01")],
            &[(PARENT, FIELD), (PARENT, FIELD)],
        ] {
            assert_eq!(received(&headers(fields)), None, "{fields:?}");
        }
    }

    #[test]
    fn traces_that_begin_differ() {
        let begin = || begun(NonZeroU64::MIN).unwrap();
        assert_ne!(begin().trace, begin().trace);
        assert_eq!(begin().span_id(), "0000000000000001");
    }
}
