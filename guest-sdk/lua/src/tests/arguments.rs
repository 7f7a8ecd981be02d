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

/// What may not cross is named as the runtime names the argument.
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

/// Stands for the operations of capabilities, which check their arguments themselves:
/// every call here has a wrong one, but for those that make an object to try.
fn refuse(operation: &str, request: &[u8]) -> Result<Vec<u8>, Error> {
    match (operation, request) {
        ("events.subscribe", b"\x92\xa1x\xc0") => return Ok(b"\x01".to_vec()),
        ("text.regexp.compile", b"\x91\xa2b+") => return Ok(b"\x91\xa0".to_vec()),
        ("security.token_store.get", b"\x91\xaaapp:tokens") => {
            return Ok(b"\xaaapp:tokens".to_vec());
        }
        _ => {}
    }
    Err(Error::new("Invalid", "an argument of another type"))
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
