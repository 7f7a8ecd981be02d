//! The wish of a handler for a relay, as the header of its answer has it.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value as Json};
use warren_kernel::Error;

/// A relay as a handler wants it.
#[derive(Debug, PartialEq)]
pub(super) struct Config {
    /// PID or name of the process that the relay speaks to.
    pub(super) target: Option<String>,
    /// The topic of what the client sends.
    pub(super) topic: Option<String>,
    /// Time between two heartbeats.
    pub(super) heartbeat: Duration,
    /// Anything that the target is told of the client.
    pub(super) metadata: Json,
    /// Time without a message after which a stream of events ends.
    pub(super) idle: Option<Duration>,
    /// Time after which a stream of events ends.
    pub(super) hard: Option<Duration>,
}

/// Time between two heartbeats, if nothing else is said.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// The shortest of each time.
const LEAST: Duration = Duration::from_millis(100);

/// The longest of each time.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Config {
    /// Reads the value of a header field.
    ///
    /// # Errors
    ///
    /// `Internal`, naming the field: the client has no part in it.
    pub(super) fn read(name: &HeaderName, value: &HeaderValue) -> Result<Config, Error> {
        let wrong = |why: &str| Error::internal(format!("the header {name} of the answer: {why}"));
        let json = serde_json::from_slice(value.as_bytes());
        let mut fields = match json {
            Ok(Json::Object(fields)) => fields,
            // An empty table of Lua.
            Ok(Json::Array(elements)) if elements.is_empty() => Map::new(),
            _ => return Err(wrong("expected an object in JSON")),
        };
        let mut config = Config {
            target: text(&mut fields, "target_pid").map_err(wrong)?,
            topic: text(&mut fields, "message_topic").map_err(wrong)?,
            heartbeat: HEARTBEAT,
            metadata: fields.remove("metadata").unwrap_or(Json::Null),
            idle: time(&mut fields, "idle_timeout").map_err(wrong)?,
            hard: time(&mut fields, "hard_timeout").map_err(wrong)?,
        };
        if let Some(heartbeat) = time(&mut fields, "heartbeat_interval").map_err(wrong)? {
            config.heartbeat = heartbeat;
        }
        Ok(config)
    }
}

/// Takes a text.
pub(super) fn text(
    fields: &mut Map<String, Json>,
    name: &str,
) -> Result<Option<String>, &'static str> {
    match fields.remove(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if !text.is_empty() => Ok(Some(text)),
        Some(_) => Err("target_pid and message_topic are texts"),
    }
}

/// Takes a time: a duration such as `30s`, or a number of seconds.
fn time(fields: &mut Map<String, Json>, name: &str) -> Result<Option<Duration>, &'static str> {
    let wrong = "times are durations such as \"30s\", or numbers of seconds, from 100 ms to a year";
    let seconds = match fields.remove(name) {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Number(number)) => number.as_f64(),
        Some(Json::String(text)) => seconds_of(&text),
        Some(_) => None,
    };
    let time = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = time.filter(|time| (LEAST..=LONGEST).contains(time));
    time.map(Some).ok_or(wrong)
}

/// Returns the seconds of a duration: numbers with units, added up.
fn seconds_of(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let unit = &rest[end..];
        let len = unit.find(|c: char| c.is_ascii_digit() || c == '.');
        let (unit, behind) = unit.split_at(len.unwrap_or(unit.len()));
        sum += number
            * match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3_600.0,
                _ => return None,
            };
        rest = behind;
    }
    (!text.is_empty()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Config, Error> {
        let name = HeaderName::from_static("x-ws-relay");
        Config::read(&name, &HeaderValue::from_str(text).unwrap())
    }

    #[test]
    fn a_wish_has_defaults() {
        let config = read(r#"{"target_pid":"chat"}"#).unwrap();
        assert_eq!(config.target.as_deref(), Some("chat"));
        assert_eq!((config.topic, config.heartbeat), (None, HEARTBEAT));
        // An empty table of Lua is a list in JSON.
        for empty in ["{}", "[]"] {
            let config = read(empty).unwrap();
            assert_eq!((config.target, config.topic), (None, None), "{empty}");
        }
        let config = read(concat!(
            r#"{"message_topic":"said","heartbeat_interval":"1m30s","idle_timeout":0.5,"#,
            r#""hard_timeout":"1.5h","metadata":{"room":7},"other":1}"#,
        ))
        .unwrap();
        assert_eq!(config.target, None);
        assert_eq!(config.topic.as_deref(), Some("said"));
        assert_eq!(config.heartbeat, Duration::from_secs(90));
        assert_eq!(config.idle, Some(Duration::from_millis(500)));
        assert_eq!(config.hard, Some(Duration::from_secs(5_400)));
        assert_eq!(config.metadata, json!({ "room": 7 }));
    }

    #[test]
    fn other_wishes_are_refused() {
        for text in [
            "",
            "[1]",
            r#"{"target_pid":7}"#,
            r#"{"message_topic":""}"#,
            r#"{"heartbeat_interval":"30"}"#,
            r#"{"heartbeat_interval":"soon"}"#,
            r#"{"heartbeat_interval":"1ms"}"#,
            r#"{"idle_timeout":-1}"#,
            r#"{"idle_timeout":1e300}"#,
            r#"{"hard_timeout":"9999999h"}"#,
        ] {
            let error = read(text).unwrap_err();
            assert!(error.message.contains("x-ws-relay"), "{text}: {error}");
        }
    }
}
