//! Requests that belong to a trace over several programs, and the spans of requests.

use serde_json::Value;

use super::{Site, serve};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const FIELD: &str = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";

/// A handler that logs, and leaves the rest to another process.
const HANDLER: &str = r#"return function()
  logger.info("asked")
  return assert(funcs.call("app:ask"))
end"#;

/// A process that logs, and asks another server what it has sent.
const ASK: &str = r#"return function()
  logger.info("asks")
  return assert(http_client.get("http://127.0.0.1:8080/echo")).body
end"#;

/// Starts the program of both, beside the other server.
#[track_caller]
fn start(options: &[&str]) -> Site {
    let other = warren_tests::Site::start();
    let (grant, ask) = (
        other.put_into("http://127.0.0.1:8080,private"),
        other.put_into(ASK),
    );
    let all = ["--http", grant.as_str(), "--log-format", "json"];
    let files = [("web.lua", HANDLER), ("ask.lua", ask.as_str())];
    serve(&files, &[&all[..], options].concat())
}

/// Sends a request with these fields. Returns the fields that the other server has got, and the id
/// of the request.
#[track_caller]
fn ask(site: &Site, fields: &str) -> (Value, String) {
    let mut client = site.client();
    client.send(format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"));
    let answer = client.answer();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.header("x-request-id").expect("an id").to_owned();
    let seen: Value = serde_json::from_slice(&answer.body).expect("the other server's JSON");
    (seen["headers"].clone(), id)
}

/// Ends the program, and returns the lines of its log.
#[track_caller]
fn log_of(site: Site) -> Vec<Value> {
    site.session.signal("TERM");
    let outcome = site.session.end().ends_with(143);
    let lines = outcome.stderr.lines();
    // A line tells the address, in plain text.
    let lines = lines.filter_map(|line| serde_json::from_str(line).ok());
    lines.collect()
}

/// Returns the line with this message.
#[track_caller]
fn line<'a>(log: &'a [Value], message: &str) -> &'a Value {
    let mut lines = log.iter();
    let line = lines.find(|line| line["fields"]["message"] == message);
    line.unwrap_or_else(|| panic!("no {message:?}: {log:#?}"))
}

#[test]
fn a_trace_goes_through_the_program() {
    let site = start(&["--log", "warren::http=info,warren::process=info"]);
    let (headers, id) = ask(&site, &format!("{FIELD}tracestate: a=1\r\n"));
    assert_eq!(headers["traceparent"], format!("00-{TRACE}-{id}-01"));
    assert_eq!(headers["tracestate"], "a=1");
    let log = log_of(site);
    for message in ["asked", "asks"] {
        let fields = &line(&log, message)["fields"];
        assert_eq!(fields["trace_id"], TRACE, "{fields}");
        assert_eq!(fields["span_id"], id, "{fields}");
    }
    let fields = &line(&log, "request")["fields"];
    assert_eq!(fields["trace_id"], TRACE, "{fields}");
    assert_eq!(fields["request"], id, "{fields}");
}

#[test]
fn a_field_that_is_not_valid_is_as_none() {
    let site = start(&[]);
    for fields in [
        String::new(),
        "traceparent: 00-1-2-01\r\n".to_owned(),
        FIELD.replace("00-", "ff-"),
        FIELD.replace(TRACE, &TRACE.to_uppercase()),
        FIELD.replace("-01", "-01-more"),
        format!("{FIELD}{FIELD}"),
        "tracestate: a=1\r\n".to_owned(),
    ] {
        let (headers, _) = ask(&site, &fields);
        for name in ["traceparent", "tracestate"] {
            assert_eq!(headers.get(name), None, "{fields:?}: {headers}");
        }
    }
}

#[test]
fn requests_processes_and_calls_are_spans() {
    let site = start(&["--log", "warren::span=debug"]);
    let (headers, id) = ask(&site, "");
    let sent = headers["traceparent"].as_str().unwrap_or_default();
    let parts: Vec<&str> = sent.split('-').collect();
    let [_, trace, span, _] = parts[..] else {
        panic!("no traceparent: {headers}");
    };
    assert_eq!(span, id);
    let log = log_of(site);
    let called = line(&log, "called");
    assert!(called["fields"]["us"].is_u64(), "{called}");
    assert_eq!(called["span"]["operation"], "http.request", "{called}");
    let spans = called["spans"].as_array().expect("the spans above it");
    let names: Vec<_> = spans.iter().map(|span| &span["name"]).collect();
    assert_eq!(names, ["request", "process", "process", "call"], "{called}");
    let request = &spans[0];
    assert_eq!(request["request"], id, "{called}");
    assert_eq!(request["route"], "* /{path...}", "{called}");
    assert_eq!(request["trace_id"], trace, "{called}");
    assert_eq!(request.get("parent_id"), None, "{called}");
    for (process, definition) in spans[1..3].iter().zip(["app:web", "app:ask"]) {
        assert_eq!(process["definition"], definition, "{called}");
        assert_eq!(process["trace_id"], trace, "{called}");
        assert_eq!(process["span_id"], id, "{called}");
    }
}
