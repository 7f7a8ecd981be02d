//! Formatting of the parts of a log line: one record, one line.

use std::fmt::{self, Debug, Write};

use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;
use warren::text;

/// Writes `message name=value ...` for people. Processes choose many of these
/// texts, so all go through [`text`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields;

impl<'writer> FormatFields<'writer> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = Visitor {
            writer,
            is_first: true,
            result: Ok(()),
        };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct Visitor<'writer> {
    writer: Writer<'writer>,
    is_first: bool,
    result: fmt::Result,
}

impl Visitor<'_> {
    fn write(&mut self, field: &Field, value: fmt::Arguments<'_>) -> fmt::Result {
        if !std::mem::take(&mut self.is_first) {
            self.writer.write_char(' ')?;
        }
        let name = field.name();
        if name != "message" {
            let name = name.strip_prefix("r#").unwrap_or(name);
            if self.writer.has_ansi_escapes() {
                write!(self.writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m")?;
            } else {
                write!(self.writer, "{name}=")?;
            }
        }
        text::Escaping(&mut self.writer).write_fmt(value)
    }
}

impl Visit for Visitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.result.is_ok() {
            self.result = self.write(field, format_args!("{value:?}"));
        }
    }
}

/// Writes the JSON of another format, with every character that a terminal
/// obeys escaped, and with the fields of a record of a process as an object.
pub(super) struct SafeJson<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for SafeJson<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0
            .format_event(context, Writer::new(&mut line), event)?;
        if event.metadata().fields().field(FIELDS).is_some()
            && let Some(with_object) = with_object(&line)
        {
            line = with_object;
        }
        writer.write_str(&text::json(&line))
    }
}

/// The field of an event that has the fields of a record as JSON.
const FIELDS: &str = "fields";

/// Returns the line with an object in the place of the text that is its JSON.
fn with_object(line: &str) -> Option<String> {
    let mut record: Value = serde_json::from_str(line).ok()?;
    let fields = record.get_mut("fields")?.get_mut(FIELDS)?;
    let object: Value = serde_json::from_str(fields.as_str()?).ok()?;
    if !object.is_object() {
        return None;
    }
    *fields = object;
    Some(format!("{record}\n"))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;
    use tracing_subscriber::fmt::format::JsonFields;
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::{Layer, Registry, fmt as lines};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Written {
        type Writer = Written;

        fn make_writer(&self) -> Written {
            self.clone()
        }
    }

    fn logged(layer: impl FnOnce(Written) -> Box<dyn Layer<Registry> + Send + Sync>) -> String {
        let written = Written::default();
        let subscriber = tracing_subscriber::registry().with(layer(written.clone()));
        let hostile = "a\nforged \u{1b}]0;x\u{7}\u{9b}2J\u{202e}\u{2028}\u{7f}\0";
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("process", actor = hostile);
            let _entered = span.enter();
            tracing::info!(
                pid = hostile,
                fields = %hostile,
                error = ?Some(hostile),
                "{hostile}"
            );
            tracing::info!(message = hostile);
        });
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[track_caller]
    fn check(text: &str) {
        assert_eq!(text.lines().count(), 2, "{text}");
        let shown = |c: char| text::line(&c.to_string()).to_string() == c.to_string();
        assert!(text.chars().all(|c| c == '\n' || shown(c)), "{text:?}");
    }

    #[test]
    fn a_record_is_a_line_whatever_is_in_it() {
        let text = logged(|written| {
            let layer = lines::layer().fmt_fields(Fields).with_writer(written);
            layer.with_ansi(false).boxed()
        });
        check(&text);
        assert!(text.contains(r#"a\nforged \u{1b}]0;x\u{7}"#), "{text}");
        let json = logged(|written| {
            let layer = lines::layer().json().map_event_format(SafeJson);
            let layer: lines::Layer<_, JsonFields, _, _> = layer.with_writer(written);
            layer.boxed()
        });
        check(&json);
        for line in json.lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let message = record["fields"]["message"].as_str().unwrap();
            assert!(
                message.contains("a\nforged \u{1b}]0;x\u{7}\u{9b}"),
                "{line}"
            );
        }
    }

    #[test]
    fn the_fields_of_a_record_are_an_object() {
        let object = r#"{"fields":{"message":"m","fields":"{\"n\": 1.0, \"t\": [\"NaN\"]}"}}"#;
        assert_eq!(
            with_object(object).as_deref(),
            Some("{\"fields\":{\"message\":\"m\",\"fields\":{\"n\":1.0,\"t\":[\"NaN\"]}}}\n")
        );
        for text in [
            r#"{"fields":{"message":"m","fields":"no JSON"}}"#,
            r#"{"fields":{"message":"m","fields":"5"}}"#,
            r#"{"fields":{"message":"m"}}"#,
            "no JSON",
        ] {
            assert_eq!(with_object(text), None, "{text}");
        }
    }

    #[test]
    fn colour_is_the_formats_own() {
        let text = logged(|written| {
            let layer = lines::layer().fmt_fields(Fields).with_writer(written);
            layer.with_ansi(true).boxed()
        });
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("\u{1b}[3mpid\u{1b}[0m"), "{text:?}");
        assert!(!text.contains("\u{1b}]0;"), "{text:?}");
    }
}
