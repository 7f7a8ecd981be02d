//! The place of a process in a trace over several programs, in the form of W3C Trace Context.

use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::sync::Arc;

/// The most bytes of [`TraceContext::state`].
pub const MAX_TRACE_STATE: usize = 512;

/// The place of a process in a trace over several programs, as the header fields `traceparent`
/// and `tracestate` of [W3C Trace Context](https://www.w3.org/TR/trace-context/) tell it.
///
/// A process hands it on to the processes that it starts. Displayed, it is `traceparent`.
///
/// ```
/// use warren_engine::TraceContext;
///
/// let field = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let context = TraceContext::parse(field.as_bytes()).unwrap();
/// assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(context.to_string(), field);
/// assert!(TraceContext::parse(b"00-1-2-01").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceContext {
    /// The trace.
    pub trace: NonZeroU128,
    /// The span above the process: the request or the call that the process serves.
    pub span: NonZeroU64,
    /// Flags: bit 0 if the programs before record the trace, bit 1 if the trace is a random
    /// number.
    pub flags: u8,
    /// Entries of the makers of tracing systems, at most [`MAX_TRACE_STATE`] bytes.
    pub state: Option<Arc<str>>,
}

/// Bytes of `traceparent` in version 0, with which later versions begin.
const LEN: usize = 55;

/// The flags that have a meaning.
const FLAGS: u8 = 0b11;

impl TraceContext {
    /// Reads `traceparent`, in version 0 or the part of a later version that version 0 has.
    pub fn parse(field: &[u8]) -> Option<TraceContext> {
        let (head, rest) = field.split_at_checked(LEN)?;
        let mut parts = std::str::from_utf8(head).ok()?.split('-');
        let version = hexadecimal(parts.next()?, 2)?;
        let trace = NonZeroU128::new(hexadecimal(parts.next()?, 32)?)?;
        let span = u64::try_from(hexadecimal(parts.next()?, 16)?).ok()?;
        let span = NonZeroU64::new(span)?;
        let flags = u8::try_from(hexadecimal(parts.next()?, 2)?).ok()?;
        let is_sound = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.is_empty() || rest.starts_with(b"-"),
        };
        (is_sound && parts.next().is_none()).then_some(TraceContext {
            trace,
            span,
            flags: flags & FLAGS,
            state: None,
        })
    }

    /// Returns this trace with `tracestate`. A text that is too long, empty, or no text of ASCII
    /// is left out.
    #[must_use]
    pub fn with_state(self, state: &str) -> TraceContext {
        let is_plain = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
        let state = state.trim();
        let is_sound = (1..=MAX_TRACE_STATE).contains(&state.len()) && state.bytes().all(is_plain);
        TraceContext {
            state: is_sound.then(|| state.into()),
            ..self
        }
    }

    /// Returns the same trace below another span.
    #[must_use]
    pub fn below(self, span: NonZeroU64) -> TraceContext {
        TraceContext { span, ..self }
    }

    /// Returns the trace as 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// Returns the span above the process as 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TraceContext {
            trace, span, flags, ..
        } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}

/// Reads so many hexadecimal digits, which are small letters.
fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_sound = text.len() == digits && text.bytes().all(is_digit);
    is_sound.then(|| u128::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn parse(field: &str) -> Option<TraceContext> {
        TraceContext::parse(field.as_bytes())
    }

    #[test]
    fn a_field_reads_back() {
        let field = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let context = parse(&field).unwrap();
        assert_eq!(context.span_id(), "00f067aa0ba902b7");
        assert_eq!((context.flags, context.to_string()), (1, field));
        let below = context.below(NonZeroU64::MIN);
        assert_eq!(below.to_string(), format!("00-{TRACE}-0000000000000001-01"));
    }

    #[test]
    fn a_later_version_has_the_parts_of_the_first() {
        for rest in ["", "-", "-what-comes"] {
            let context = parse(&format!("cc-{TRACE}-00f067aa0ba902b7-ff{rest}")).unwrap();
            // Flags without a meaning are not handed on.
            let shown = format!("00-{TRACE}-00f067aa0ba902b7-03");
            assert_eq!(context.to_string(), shown);
        }
        assert!(parse(&format!("cc-{TRACE}-00f067aa0ba902b7-ffx")).is_none());
    }

    #[test]
    fn other_fields_are_none() {
        let zeros = "0".repeat(32);
        for field in [
            String::new(),
            "00".into(),
            format!("00-{TRACE}-00f067aa0ba902b7-0"),
            format!("00-{TRACE}-00f067aa0ba902b7-01-"),
            format!("00-{TRACE}-00f067aa0ba902b7-01 "),
            format!("ff-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase()),
            format!("00-{zeros}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-0000000000000000-01"),
            format!("00-{TRACE}-00f067aa0ba902b-701"),
            format!("00_{TRACE}_00f067aa0ba902b7_01"),
            format!("+0-{TRACE}-00f067aa0ba902b7-01"),
            format!("00-{TRACE}-00f067aa0ba902b7-\u{e9}"),
        ] {
            assert!(parse(&field).is_none(), "{field:?}");
        }
        assert!(TraceContext::parse(&[0xff; LEN]).is_none());
    }

    #[test]
    fn a_state_is_bounded() {
        let context = || parse(&format!("00-{TRACE}-00f067aa0ba902b7-01")).unwrap();
        let state = |text: &str| context().with_state(text).state;
        assert_eq!(state(" a=1,b=2 ").as_deref(), Some("a=1,b=2"));
        let longest = "x".repeat(MAX_TRACE_STATE);
        assert_eq!(state(&longest).as_deref(), Some(&*longest));
        for text in ["", " ", "a\r\nb", "\u{e4}", &format!("{longest}x")] {
            assert_eq!(state(text), None, "{text:?}");
        }
    }
}
