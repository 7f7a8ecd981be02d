//! Every function with arguments of every kind, by the programs of the
//! conformance suite; and that they leave out no method, which programs cannot
//! list.

use std::fs;
use std::path::{Path, PathBuf};

use warren_guest::Error;
use warren_guest::mock::{self, Outcome};

use super::documented::{OBJECTS, classes, is_string_function};
use super::run_in;
use crate::program;

#[test]
fn every_function_checks_its_arguments() {
    runs("conventions/every_function_checks_its_arguments");
}

#[test]
fn wrong_types_are_refused_as_in_lua() {
    runs("stdlib/wrong_types_are_refused_as_in_lua");
}

#[test]
fn every_method_has_a_row() {
    let path = directory("conventions/every_function_checks_its_arguments").join("rows.lua");
    let rows = fs::read_to_string(path).expect("the rows are there");
    let classes = classes();
    for (class, object) in OBJECTS {
        for method in &classes[class] {
            let of_strings = class == "error" && is_string_function(method);
            let row = rows.contains(&format!("\"{object}:{method}\""));
            // Files are Lua's own: stdlib/wrong_types_are_refused_as_in_lua.
            assert!(row || of_strings || class == "FILE*", "{object}:{method}");
        }
    }
}

/// Runs a program of several files, which must end without a result.
fn runs(program: &str) {
    let directory = directory(program);
    let mut runtime = mock::Runtime::default();
    for name in ["rows", "calls", "tried", "expected"] {
        if let Ok(source) = fs::read(directory.join(name).with_extension("lua")) {
            let prepared = prepare(name, source);
            runtime.modules.insert(name.to_owned(), prepared);
        }
    }
    runtime.capability = Some(refuse);
    let main = fs::read_to_string(directory.join("main.lua")).expect("the program is there");
    let run = run_in(runtime, &main);
    match run.outcome {
        Outcome::Finished(None) => {}
        Outcome::Failed(error) => panic!("{}", error.message),
        other => panic!("{other:?}"),
    }
}

/// A refusal names the argument that may not cross as the runtime does.
#[test]
fn an_argument_that_cannot_cross_has_the_name_of_its_operation() {
    let run = run_in(
        mock::Runtime::default(),
        "print(yaml.encode({ a = print }))\n\
         print(yaml.encode({}, { field_order = { print } }))\n\
         print(select(2, json.validate({}, { print })))\n\
         print(crypto.jwt.encode({ f = print }, 'key'))\n\
         print(events.send('s', 'k', 'p', print))\n\
         print(process.groups.broadcast('g', 't', 1, print))\n\
         print(pcall(crypto.random.bytes, print))\n",
    );
    let lines: Vec<_> = run.output.lines().collect();
    for (line, start) in lines.iter().zip([
        "nil\tvalue.a: a function",
        "nil\toptions.field_order[1]: a function",
        "data[1]: a function",
        "nil\tclaims.f: a function",
        "nil\tdata: a function",
        "nil\tpayload[2]: a function",
        "false\t",
    ]) {
        assert!(line.starts_with(start), "{line}");
    }
    assert_eq!(lines.len(), 7);
}

/// A value that nests too deep to leave the process is validated as a text.
#[test]
fn a_deep_value_is_validated_as_its_text() {
    let mut runtime = mock::Runtime::default();
    runtime.capability = Some(|operation, request| {
        assert_eq!(operation, "json.validate_string");
        // A list of an empty table and a text, of more than 127 bytes.
        assert!(
            matches!(request[..3], [0x92, 0x90, 0xd9 | 0xda]),
            "{request:?}"
        );
        Ok(b"\xc3".to_vec())
    });
    let run = run_in(
        runtime,
        "local function nested(levels, inner)\n\
           local value = inner\n\
           for _ = 1, levels do value = { value } end\n\
           return value\n\
         end\n\
         print(json.validate({}, nested(101)), json.validate({}, nested(127, { print })))\n\
         print(json.validate({}, nested(128)))\n\
         print(json.validate({}, nested(129)))\n\
         local itself = {}\n\
         itself[1] = itself\n\
         print(json.validate({}, itself))\n",
    );
    let lines: Vec<_> = run.output.lines().collect();
    assert!(lines[0].starts_with("true\tfalse\tdata[1]"), "{}", lines[0]);
    assert_eq!(lines[1], "true\tnil");
    assert!(lines[2].contains("nested deeper than 100 levels"));
    assert!(lines[3].contains("contains itself"));
}

/// Stands for the operations of capabilities, which check their arguments themselves:
/// every call here has a wrong one, but for those that make an object to try.
fn refuse(operation: &str, request: &[u8]) -> Result<Vec<u8>, Error> {
    match (operation, request) {
        ("events.subscribe", b"\x92\xa1x\xc0") => return Ok(b"\x01".to_vec()),
        ("text.regexp.compile", b"\x91\xa2b+") => return Ok(b"\x91\xa0".to_vec()),
        ("security.token_store.get", b"\x91\xaaapp:tokens") => {
            return Ok(b"\xaaapp:tokens".to_vec());
        }
        ("stream.pipe", b"\x90") => return Ok(b"\x92\x01\x02".to_vec()),
        ("fs.get", b"\x91\xa9app:files") => return Ok(b"\xa9app:files".to_vec()),
        ("fs.open", [0x93, 0xa9, ..]) if request.ends_with(b"\xa2/a\xa1r") => {
            return Ok(b"\x03".to_vec());
        }
        ("sql.open", b"\x91\xa6app:db" | b"\x91\xa9app:other") => {
            return Ok([
                b"\x82\xa2id\xa6app:db".as_slice(),
                b"\xa4type\xa6sqlite".as_slice(),
            ]
            .concat());
        }
        ("sql.prepare", b"\x93\xa6app:db\xc0\xa8SELECT 1") => return Ok(b"\xc3".to_vec()),
        ("sql.begin", b"\x92\xa6app:db\xc0") => return Ok(b"\x01".to_vec()),
        ("store.open", b"\x91\xaaapp:values") => return Ok(b"\xaaapp:values".to_vec()),
        ("http.request", b"\x93\xa3GET\xa8http://x\xc0") => {
            let answer = b"\x84\xa6status\xcc\xc8\xa3url\xa1x\xa7headers\x90\xa7cookies\x80";
            return Ok(answer.to_vec());
        }
        ("web.request", b"\x90") => return Ok(head()),
        ("websocket.connect", b"\x92\xa6ws://x\x90") => return Ok(b"\x01".to_vec()),
        // With the limit that is given where the program has none: 32 MiB.
        ("web.multipart", _) if request.starts_with(b"\x92\xce\x02\x00\x00\x00") => {
            let part = b"\x91\x84\xa4name\xa1a\xa8filename\xa5a.txt\xa7headers\x90\xa7content\xa1x";
            return Ok(part.to_vec());
        }
        _ => {}
    }
    Err(Error::new("Invalid", "an argument of another type"))
}

/// The head of a request without headers.
fn head() -> Vec<u8> {
    let mut head = b"\x88".to_vec();
    for text in ["id", "method", "path", "remote_addr"] {
        let len = u8::try_from(text.len()).expect("the text is short");
        let name = [&[0xa0 | len][..], text.as_bytes()].concat();
        head.extend([&name[..], b"\xa1x"].concat());
    }
    head.extend(b"\xaecontent_length\x00");
    for list in [
        &b"\xa7headers"[..],
        b"\xaaparameters",
        b"\xb0query_parameters",
    ] {
        head.extend([list, b"\x90"].concat());
    }
    head
}

fn directory(program: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/conformance")
        .join(program)
}

/// The prepared code of a source, made by an interpreter of its own.
fn prepare(name: &str, source: Vec<u8>) -> Vec<u8> {
    let name = name.to_owned();
    let thread = std::thread::spawn(move || {
        mock::with(|r| r.code = Some((format!("{name}.lua"), source)));
        program::prepare();
        mock::with(|r| r.prepared.take()).expect("the source compiles")
    });
    thread.join().expect("the guest does not panic")
}
