//! Tests that others have published for servers, unmodified: the requests of gunicorn, the
//! frames of the tests of `h2`, and the cases of Autobahn|Testsuite. They are installed from
//! packages, and no part of the project; the scripts of `tests/http` send them.
//!
//! Each difference is named, with its reason.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use warren_tests::packages::http_suites;
use warren_tests::project;

use super::stage::FILES;
use super::{Site, serve};

/// Runs a script against a program. Returns the fields of each line that it prints.
#[track_caller]
fn run(script: &str, site: &Site, arguments: &[&Path], python: &Path) -> Vec<Vec<String>> {
    let output = Command::new(python)
        .arg(project().join("tests/http").join(script))
        .arg(&site.address)
        .args(arguments)
        .output()
        .expect("Python starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {errors}");
    let lines = String::from_utf8_lossy(&output.stdout);
    let fields = |line: &str| line.split('\t').map(str::to_owned).collect();
    lines.lines().map(fields).collect()
}

/// Compares outcomes, each of a name, of what is wanted and of what was found, with the
/// differences that are known.
#[track_caller]
fn compare(outcomes: &[Vec<String>], least: usize, known: &[(&str, &str, &str)]) {
    assert!(outcomes.len() >= least, "only {} cases", outcomes.len());
    let mut found = BTreeMap::new();
    for outcome in outcomes {
        let [name, wanted, is] = &outcome[..] else {
            panic!("{outcome:?}");
        };
        if wanted != is {
            found.insert(name.as_str(), is.as_str());
        }
    }
    let known: BTreeMap<_, _> = known.iter().map(|(name, is, _)| (*name, *is)).collect();
    assert_eq!(found, known);
}

/// Serves a program whose one handler answers everything.
#[track_caller]
fn serve_all(handler: &str, idle: &str) -> Site {
    let manifest = format!(
        "[listeners.\"app:web\"]\nbind = \":0\"\n\
         timeouts = {{ read = \"5s\", write = \"20s\", idle = \"{idle}\" }}\n\
         [routes.\"app:web\"]\n\"* /{{path...}}\" = \"app:web\"\n"
    );
    serve(&[("warren.toml", &*manifest), ("web.lua", handler)], &[])
}

#[test]
fn requests_of_gunicorn() {
    let site = serve_all(
        "return function()
           local req = http.request()
           return req:method() .. '\\n' .. assert(req:body())
         end",
        "2s",
    );
    let suites = http_suites();
    let source = suites.source("gunicorn");
    let outcomes = run("http1.py", &site, &[&source], &suites.python);
    compare(
        &outcomes,
        110,
        &[
            ("invalid/006", "200", "a line of 4 KiB fits here"),
            ("invalid/007", "200", "a field of 8 KiB fits here"),
            ("invalid/008", "200", "so do several"),
            ("invalid/041", "200", "two types of a body do no harm"),
            (
                "invalid/rfc9110_trailer_forbidden_cl_01",
                "200",
                "trailers do not reach the program",
            ),
            (
                "invalid/rfc9110_trailer_forbidden_host_01",
                "200",
                "trailers do not reach the program",
            ),
            (
                "invalid/rfc9110_trailer_forbidden_te_01",
                "200",
                "trailers do not reach the program",
            ),
            (
                "invalid/rfc9112_bare_lf_01",
                "200",
                "a line may end with LF alone (RFC 9112, section 2.2)",
            ),
            (
                "invalid/rfc9112_leading_crlf_02",
                "200",
                "empty lines before a request are skipped (RFC 9112, section 2.2)",
            ),
            (
                "invalid/rfc9112_smuggle_cl_te_chunked_01",
                "200",
                "the chunks count, and the connection ends (RFC 9112, section 6.1)",
            ),
            (
                "invalid/rfc9112_target_non_ascii_02",
                "200",
                "UTF-8 in a target is taken as it is",
            ),
            ("valid/014", "400", "a target has no quotation marks"),
            ("valid/025", "501", "a body has no coding but chunked"),
            ("valid/025_line", "501", "a body has no coding but chunked"),
            ("valid/029", "501", "a body has no coding but chunked"),
            ("valid/030", "501", "a body has no coding but chunked"),
            ("valid/099", "408", "its body is shorter than its length"),
            (
                "valid/rfc9112_smuggle_gzip_chunked_01",
                "501",
                "a body has no coding but chunked",
            ),
            (
                "valid/rfc9112_smuggle_te_identity_chunked_01",
                "501",
                "a body has no coding but chunked",
            ),
            (
                "valid/rfc9112_target_absolute_userinfo_01",
                "400",
                "a target names no user (RFC 9110, section 4.2.4)",
            ),
            (
                "valid/rfc9112_target_asterisk_options_01",
                "204",
                "the server itself answers",
            ),
            (
                "valid/rfc9112_target_authority_connect_01",
                "501",
                "the server is no proxy",
            ),
            (
                "valid/rfc9112_target_authority_ipv6_01",
                "501",
                "the server is no proxy",
            ),
        ],
    );
}

#[test]
fn frames_of_the_tests_of_h2() {
    let site = serve_all("return function() return 'hello' end", "1s");
    let suites = http_suites();
    let source = suites.source("h2");
    let outcomes = run("http2.py", &site, &[&source], &suites.python);
    compare(
        &outcomes,
        340,
        &[
            (
                "test_roundtrip_ordinary_connect_no_path_ok",
                "refused",
                "the server is no proxy",
            ),
            (
                "test_multiple_concurrent_connect_streams_ok",
                "refused",
                "the server is no proxy",
            ),
            (
                "test_roundtrip_extended_connect_websocket_ok",
                "refused",
                "WebSockets need HTTP/1.1",
            ),
            (
                "TestRFC8441::test_can_send_headers[headers0]",
                "refused",
                "WebSockets need HTTP/1.1",
            ),
            (
                "test_large_header_block_continuation_ok",
                "refused",
                "a head has less than 64 KiB",
            ),
            (
                "TestInvalidFrameSequences::test_reject_data_on_closed_streams[request_headers0]",
                "refused",
                "the library raises no error, and ends the stream alone",
            ),
            (
                "TestInvalidFrameSequences::test_one_one_stream_reset[request_headers0]",
                "refused",
                "the library raises no error, and ends the stream alone",
            ),
            (
                "TestInvalidFrameSequences::test_pseudo_headers_rejected_in_trailer",
                "taken",
                "trailers that nobody reads are not looked at",
            ),
        ],
    );
}

#[test]
fn cases_of_autobahn() {
    let manifest = "[listeners.\"app:web\"]\nbind = \":0\"\n\
                    [routers.\"app:relays\"]\nlistener = \"app:web\"\n\
                    post_middleware = [\"websocket_relay\"]\n\
                    [routes.\"app:relays\"]\n\"GET /socket\" = \"app:socket\"\n\
                    [services.\"app:room\"]\nprocess = \"app:room\"\n";
    let of_relays = FILES
        .into_iter()
        .filter(|(name, _)| matches!(*name, "socket.lua" | "room.lua"));
    let files: Vec<_> = [("warren.toml", manifest)]
        .into_iter()
        .chain(of_relays)
        .collect();
    let site = serve(&files, &[]);
    let suites = http_suites();
    let source = suites.source("autobahntestsuite");
    let arguments = [Path::new("/socket"), &source];
    let outcomes = run("websocket.py", &site, &arguments, &suites.python);
    assert!(outcomes.len() >= 240, "only {} cases", outcomes.len());
    for outcome in &outcomes {
        let [name, behavior, closing] = &outcome[..] else {
            panic!("{outcome:?}");
        };
        // Not strict: a fault is found at the end of a message, or before the answer to an
        // earlier message was sent.
        let is_sound = matches!(&**behavior, "OK" | "NON-STRICT" | "INFORMATIONAL")
            && matches!(&**closing, "OK" | "INFORMATIONAL");
        assert!(is_sound, "{name}: {behavior}, {closing}");
    }
}
