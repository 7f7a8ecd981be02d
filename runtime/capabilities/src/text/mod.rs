//! The capability `text`: regular expressions.
//!
//! A pattern is compiled once and kept by its text ([`patterns`]), so that every call can
//! name its pattern again. Matching takes time linear in the text, but in the size of the
//! compiled pattern as well: small texts on small patterns are matched where guests run,
//! all others as work.

mod find;
mod patterns;
mod replace;
mod syntax;
mod walk;

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Capability, Progress, Step};
use warren_kernel::Error;

use crate::answer;
use crate::request::Arguments;
use patterns::{Pattern, Patterns, pattern_of};
pub(crate) use syntax::{Dialect, Malformed, translated};

/// See [the module](self).
#[derive(Default)]
pub(crate) struct Text {
    patterns: Arc<Patterns>,
}

impl Capability for Text {
    fn name(&self) -> &'static str {
        "text"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let answer = match operation {
            "regexp.compile" => compiled,
            "regexp.match" => find::is_match,
            "regexp.find" => find::find,
            "regexp.replace" => replace::replace,
            _ => return Step::Unknown,
        };
        match self.known(request) {
            Err(error) => Step::Done(Err(error)),
            Ok(Some(pattern)) => Step::Done(answer(&pattern, request, None)),
            Ok(None) => {
                let (patterns, request) = (Arc::clone(&self.patterns), request.to_vec());
                Step::compute(patterns::MAX_COMPILED + request.len(), move |progress| {
                    let text = pattern_of(&mut Arguments::new(&request)?)?;
                    let pattern = patterns.compile(text)?;
                    answer(&pattern, &request, Some(progress))
                })
            }
        }
    }
}

impl Text {
    /// Returns the pattern of a request that can be answered at once.
    fn known(&self, request: &[u8]) -> Result<Option<Arc<Pattern>>, Error> {
        let mut arguments = Arguments::new(request)?;
        let pattern = pattern_of(&mut arguments)?;
        let subject = arguments.bytes_or_nil("text")?.unwrap_or_default();
        patterns::check_length(pattern)?;
        if subject.len() > AT_ONCE {
            return Ok(None);
        }
        let pattern = self.patterns.find_or_compile_small(pattern)?;
        Ok(pattern.filter(|pattern| pattern.is_small()))
    }
}

/// The most bytes of a text that is matched at once.
const AT_ONCE: usize = 4 << 10;

/// Answers `text.regexp.compile(pattern)` with the names of the groups; those of the whole
/// match and of groups without a name are empty.
fn compiled(pattern: &Pattern, _: &[u8], _: Option<&Progress<'_>>) -> Answer {
    let names = pattern.names();
    answer::write(|out| {
        // A pattern has fewer groups than bytes.
        out.array(names.len() as u32)?;
        for name in names {
            out.string(name.as_deref().unwrap_or_default().as_bytes())?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test::{called, of};
    use warren_values::Value;

    #[test]
    fn a_pattern_that_is_not_utf8_is_a_mistake_of_the_pattern() {
        for operation in ["regexp.compile", "regexp.match"] {
            let arguments = [Value::Bytes(vec![0xff]), of("")];
            let error = called(&Text::default(), operation, &arguments).unwrap_err();
            assert!(error.message.starts_with("regex: "), "{error}");
        }
    }

    #[test]
    fn compiling_answers_the_names_of_the_groups() {
        let names = called(&Text::default(), "regexp.compile", &[of("(?P<1n>a)(b)")]);
        let expected: Vec<Value> = vec![of(""), of("1n"), of("")];
        assert_eq!(names.unwrap(), Value::Array(expected));
    }
}
