//! Texts of YAML and their values.

use super::Yaml;
use crate::test::{called, called_with_long, called_within, of};
use warren_engine::capability::{Capability as _, Step};
use warren_kernel::{Error, Kind};
use warren_values::Value;

fn decoded(text: &str) -> Result<Value, Error> {
    called(&Yaml, "decode", &[of(text)])
}

fn encoded(value: Value) -> Result<String, Error> {
    encoded_with(value, &[])
}

fn encoded_with(value: Value, options: &[(&str, Value)]) -> Result<String, Error> {
    match called(&Yaml, "encode", &[value, map(options)])? {
        Value::String(text) => Ok(text),
        other => panic!("{other:?}"),
    }
}

fn map(pairs: &[(&str, Value)]) -> Value {
    let pairs = pairs.iter().map(|(key, value)| (of(key), value.clone()));
    Value::Map(pairs.collect())
}

fn list(values: &[Value]) -> Value {
    Value::Array(values.to_vec())
}

/// Returns the message of a text that is refused.
fn refused(text: &str) -> String {
    let error = decoded(text).unwrap_err();
    assert_eq!(error.kind, Kind::Internal, "{error}");
    error.message
}

#[test]
fn documents_become_values() {
    let text = "\
# a comment
name: shop
port: 8080
ratio: 0.5
debug: yes
on: true
none: ~
list:
- 1
- two
- [3, {four: 4}]
text: |
  line 1
  line 2
folded: >-
  one
  line
";
    let value = decoded(text).unwrap();
    let inner = list(&[Value::Integer(3), map(&[("four", Value::Integer(4))])]);
    let expected = map(&[
        ("name", of("shop")),
        ("port", Value::Integer(8080)),
        ("ratio", Value::Float(0.5)),
        ("debug", of("yes")),
        ("on", Value::Boolean(true)),
        ("none", Value::Nil),
        ("list", list(&[Value::Integer(1), of("two"), inner])),
        ("text", of("line 1\nline 2\n")),
        ("folded", of("one line")),
    ]);
    assert_eq!(value, expected);
}

#[test]
fn the_first_document_counts() {
    assert_eq!(decoded("--- 1\n--- [").unwrap(), Value::Integer(1));
    assert_eq!(decoded("%YAML 1.2\n---\na\n...\n: :").unwrap(), of("a"));
    assert_eq!(decoded("# nothing").unwrap(), Value::Nil);
    assert_eq!(decoded("---\n").unwrap(), Value::Nil);
    assert_eq!(
        decoded("\u{feff}a: 1").unwrap(),
        map(&[("a", Value::Integer(1))])
    );
}

#[test]
fn keys_are_those_of_lua() {
    let value = decoded("{1: a, 2.0: b, 2.5: c, true: d, 'x': e}").unwrap();
    let Value::Map(pairs) = value else { panic!() };
    let keys: Vec<_> = pairs.into_iter().map(|(key, _)| key).collect();
    assert_eq!(
        keys,
        [
            Value::Integer(1),
            Value::Integer(2),
            Value::Float(2.5),
            Value::Boolean(true),
            of("x")
        ]
    );
    for (text, why) in [
        ("a: 1\nb: 2\na: 3", "duplicate key at line 3, column 1"),
        ("{2: a, 2.0: b}", "duplicate key at line 1, column 8"),
        ("~: 1", "a key that is null at line 1, column 1"),
        ("[1]: 1", "a key must be a scalar at line 1, column 1"),
        (
            "{.nan: 1}",
            "a key that is not a number at line 1, column 2",
        ),
    ] {
        assert_eq!(refused(text), why);
    }
}

#[test]
fn maps_without_values_are_empty() {
    assert_eq!(decoded("{a: , b: ~}").unwrap(), Value::Map(vec![]));
    assert_eq!(decoded("{}").unwrap(), Value::Map(vec![]));
    let value = decoded("x: {&k a: , b: &n }\ny: *k\nz: *n").unwrap();
    assert_eq!(value.get("y"), Some(&of("a")));
}

#[test]
fn aliases_are_copies() {
    let value = decoded("a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n? &k key\n: 1\ne: {*k : 2}").unwrap();
    let x = map(&[("b", list(&[Value::Integer(1)]))]);
    assert_eq!(value.get("c"), Some(&x));
    assert_eq!(value.get("d"), Some(&list(&[x.clone(), x])));
    assert_eq!(value.get("e"), Some(&map(&[("key", Value::Integer(2))])));
    assert!(refused("a: *x").contains("at line 1, column 4"));
    let cycle = "an alias refers to itself at line 1, column 8";
    assert_eq!(refused("a: &x [*x]"), cycle);
}

#[test]
fn tags_beyond_the_core_are_refused() {
    assert_eq!(decoded("!!str 12").unwrap(), of("12"));
    assert_eq!(decoded("! 12").unwrap(), of("12"));
    assert_eq!(decoded("!<tag:yaml.org,2002:str> 12").unwrap(), of("12"));
    assert_eq!(decoded("!!float 1").unwrap(), Value::Float(1.0));
    assert_eq!(
        decoded("!!seq [!!map {}]").unwrap(),
        list(&[Value::Map(vec![])])
    );
    for text in [
        "!x 1",
        "!!binary AA==",
        "!!set {a}",
        "!x [1]",
        "!!map [1]",
        "!<x> 1",
    ] {
        assert_eq!(
            refused(text),
            "an unknown tag at line 1, column 1",
            "{text}"
        );
    }
    assert!(refused("!!int x").starts_with("the value does not match its tag"));
}

#[test]
fn bad_syntax_is_internal_with_its_place() {
    for (text, place) in [
        ("a: [1", "line 2, column"),
        ("a: 1\n b: 2", "line 2, column"),
        ("a:\n\t- 1", "line 2, column"),
        ("'x", "line 1, column"),
        ("\"\\q\"", "line 1, column"),
        ("- a\nb", "line 3, column"),
        ("a: b: c", "line 1, column"),
        ("@a", "line 1, column"),
    ] {
        assert!(refused(text).contains(place), "{text}: {}", refused(text));
    }
    for arguments in [
        vec![],
        vec![of("")],
        vec![Value::Integer(1)],
        vec![Value::Bytes(vec![255])],
    ] {
        let error = called(&Yaml, "decode", &arguments).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
}

#[test]
fn bombs_are_refused() {
    let mut laughs = "a: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..9 {
        let before = vec![format!("*l{}", level - 1); 9].join(", ");
        laughs += &format!("l{level}: &l{level} [{before}]\n");
    }
    let error = decoded(&laughs).unwrap_err();
    assert!(
        error
            .message
            .starts_with("aliases of more than 10 times the text")
    );
    for deep in ["[".repeat(101), "- ".repeat(101) + "x", "{a: ".repeat(200)] {
        assert!(
            refused(&deep).starts_with("nested deeper than 100 levels"),
            "{deep}"
        );
    }
    let mut chain = format!("# {}\n- &a0 [x]\n", "x".repeat(10_000));
    for level in 1..120 {
        chain += &format!("- &a{level} [*a{}]\n", level - 1);
    }
    assert!(refused(&chain).starts_with("nested deeper than 100 levels"));
    let long = "x".repeat((1 << 20) + 1);
    let error = called_with_long(&Yaml, "decode", &[&long]).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    let error = decoded(&format!("%TAG !a! {}\n--- !a!b c", "x".repeat(2_000))).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(decoded(&format!("%TAG !a! {}\n--- !a!b c", "x".repeat(200))).is_err());
}

#[test]
fn long_texts_are_read_within_their_memory() {
    for text in [
        "[".to_owned() + &"1,".repeat(50_000) + "]",
        "[".to_owned() + &"{a: [b]},".repeat(10_000) + "]",
        "x ".repeat(50_000),
        "- x\n".repeat(20_000),
        "\"".to_owned() + &"\\n".repeat(50_000) + "\"",
        (0..20_000).map(|n| format!("- &a{n} {n}\n")).collect(),
        (0..20_000).map(|n| format!("{n}: {n}\n")).collect(),
        "#".repeat(100_000) + "\n1",
        "\n".repeat(100_000) + "1",
        "? ".repeat(90) + "a",
    ] {
        let _ = decoded(&text);
    }
}

#[test]
fn reading_and_writing_can_be_stopped() {
    let stop = || Err(Error::new(Kind::Canceled, "stopped"));
    let text = "- 1\n".repeat(2_000);
    let stopped = called_within(&Yaml, "decode", &[of(&text)], &stop);
    assert_eq!(stopped.unwrap_err().message, "stopped");
    let value = decoded(&text).unwrap();
    let stopped = called_within(&Yaml, "encode", &[value], &stop);
    assert_eq!(stopped.unwrap_err().message, "stopped");
}

#[test]
fn values_are_written_in_block_style() {
    let value = map(&[
        ("name", of("shop")),
        ("empty", list(&[])),
        ("none", Value::Map(vec![])),
        (
            "list",
            list(&[
                Value::Integer(1),
                list(&[of("a"), of("b")]),
                map(&[("x", Value::Float(1.0)), ("v", list(&[of("z")]))]),
            ]),
        ),
        ("deep", map(&[("er", map(&[("k", Value::Boolean(true))]))])),
        ("text", of("one\n  two\n\nthree")),
        ("ended", of("one\n")),
        ("twice", list(&[of("one\n\n")])),
    ]);
    let text = "\
name: shop
empty: []
none: {}
list:
  - 1
  - - a
    - b
  - x: 1.0
    v:
      - z
deep:
  er:
    k: true
text: |-
  one
    two

  three
ended: |
  one
twice:
  - |+
    one

";
    assert_eq!(encoded(value.clone()).unwrap(), text);
    assert_eq!(decoded(text).unwrap(), value);
}

#[test]
fn texts_that_look_like_something_else_are_quoted() {
    for text in [
        "",
        " a",
        "a ",
        "a: b",
        "a #b",
        "- a",
        "-",
        "?",
        "true",
        "No",
        "y",
        "null",
        "~",
        "1",
        "1.5",
        "1_000",
        "0x1",
        "2024-01-02",
        "12:30:45",
        ".inf",
        "+1",
        "[a]",
        "{a}",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "'a'",
        "\"a\"",
        "a:",
        "#a",
        "|",
        ">",
        "=",
        "<<",
        "...",
        "---",
        "a\tb",
        "\u{85}",
        "\u{feff}",
        "\u{2028}",
        "a\r\nb",
        "\0",
        "1e999",
        "0o7",
    ] {
        let written = encoded(list(&[of(text)])).unwrap();
        assert!(written.starts_with("- \""), "{text:?}: {written}");
        assert_eq!(decoded(&written).unwrap(), list(&[of(text)]));
        let written = encoded(map(&[(text, of(text))])).unwrap();
        assert_eq!(decoded(&written).unwrap(), map(&[(text, of(text))]));
    }
    for text in [
        "a",
        "a b",
        "a:b",
        "a#b",
        "3 apples",
        "x-1",
        "http://a/b?c=d",
        "ü",
        "/a",
        "$1",
    ] {
        let written = encoded(list(&[of(text)])).unwrap();
        assert_eq!(written, format!("- {text}\n"));
        assert_eq!(decoded(&written).unwrap(), list(&[of(text)]));
    }
}

#[test]
fn odd_texts_come_back() {
    for text in [
        "a\nb",
        "a\n",
        "a\n\n",
        "\na",
        " a\nb",
        "a\n b",
        "a \nb",
        "a\n \nb",
        "a\n---\nb",
        "a\n# b\n",
        "\n",
        "\n\n",
        "a\n\tb",
        "x: y\nz",
        "a\n...\nb",
        "a\n\n\n",
        "- a\n- b",
    ] {
        for value in [
            list(&[of(text), of("after")]),
            map(&[("k", of(text)), ("l", of("after"))]),
            map(&[("k", list(&[map(&[("k", of(text))])])), ("l", of("x"))]),
            map(&[(text, of(text))]),
            of(text),
        ] {
            let written = encoded(value.clone()).unwrap();
            assert_eq!(decoded(&written), Ok(value), "{written}");
        }
    }
    let long = "k".repeat(2_000);
    for value in [
        map(&[("a", map(&[(&long, list(&[of("x")]))]))]),
        map(&[(&long, of("y"))]),
    ] {
        let written = encoded(value.clone()).unwrap();
        assert_eq!(decoded(&written), Ok(value), "{written}");
    }
}

#[test]
fn numbers_come_back() {
    for number in [
        0.0,
        -0.0,
        1.0,
        0.1,
        1e100,
        5e-324,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        let value = list(&[Value::Float(number)]);
        assert_eq!(decoded(&encoded(value.clone()).unwrap()), Ok(value));
    }
    assert_eq!(
        encoded(list(&[Value::Float(f64::NAN)])).unwrap(),
        "- .nan\n"
    );
    let value = list(&[Value::Integer(i64::MIN), Value::Integer(i64::MAX)]);
    assert_eq!(decoded(&encoded(value.clone()).unwrap()), Ok(value));
}

#[test]
fn fields_have_the_order_asked_for() {
    let inner = map(&[("b", Value::Integer(1)), ("name", Value::Integer(2))]);
    let value = map(&[
        ("z", inner),
        ("a", Value::Integer(3)),
        ("kind", Value::Integer(4)),
    ]);
    let order = ("field_order", list(&[of("name"), of("kind")]));
    let ordered = encoded_with(value.clone(), std::slice::from_ref(&order)).unwrap();
    assert_eq!(ordered, "kind: 4\nz:\n  name: 2\n  b: 1\na: 3\n");
    let sorted = ("sort_unordered", Value::Boolean(true));
    let both = encoded_with(value.clone(), &[order, sorted.clone()]).unwrap();
    assert_eq!(both, "kind: 4\na: 3\nz:\n  name: 2\n  b: 1\n");
    let alone = encoded_with(value.clone(), std::slice::from_ref(&sorted)).unwrap();
    assert_eq!(alone, "a: 3\nkind: 4\nz:\n  b: 1\n  name: 2\n");
    let keys = Value::Map(vec![
        (of("b"), Value::Integer(1)),
        (Value::Integer(10), Value::Integer(2)),
        (Value::Float(2.5), Value::Integer(3)),
        (Value::Boolean(true), Value::Integer(4)),
    ]);
    let sorted = encoded_with(keys, &[sorted]).unwrap();
    assert_eq!(sorted, "true: 4\n2.5: 3\n10: 2\nb: 1\n");
    for options in [
        ("field_order", of("name")),
        ("field_order", list(&[Value::Integer(1)])),
        ("sort_unordered", Value::Integer(1)),
        ("sort", Value::Boolean(true)),
    ] {
        let error = encoded_with(value.clone(), &[options]).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
    }
}

#[test]
fn values_without_a_form_are_invalid() {
    let bytes = map(&[("a", list(&[of("x"), Value::Bytes(vec![0xff])]))]);
    let error = encoded(bytes).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert_eq!(
        error.message,
        "value.a[2]: a string that is not UTF-8 cannot be YAML"
    );
    let mut deep = list(&[list(&vec![Value::Integer(1); 10_000])]);
    for _ in 0..90 {
        deep = list(&[deep]);
    }
    let error = encoded(deep).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("its text has more than"), "{error}");
}

#[test]
fn memory_is_in_proportion_to_the_request() {
    let memory = |operation: &str, value: Value| {
        let request = warren_values::to_value(&[value]).unwrap();
        match Yaml.call(&mut crate::test::Nobody, operation, request.as_slice()) {
            Step::Compute(work) => work.memory,
            other => panic!("{other:?}"),
        }
    };
    assert!(memory("decode", of("a: 1")) < 8 << 10);
    assert!(memory("decode", of(&"- 1\n".repeat(1_000))) < 256 << 10);
    assert!(memory("encode", list(&[of("a")])) < 256 << 10);
}

#[test]
fn tabs_separate_as_spaces_do() {
    let of_a = |value: Value| map(&[("a", value)]);
    for text in [
        "a:\tb",
        "a:\t\tb",
        "a: \tb",
        "{a:\tb}",
        "{\"a\":\tb, }",
        "? a\n:\tb",
        "a\t:\tb\t# c: d",
        "a:\tb # c: d",
    ] {
        assert_eq!(decoded(text).unwrap(), of_a(of("b")), "{text}");
    }
    assert_eq!(decoded("a:\t-1").unwrap(), of_a(Value::Integer(-1)));
    assert_eq!(decoded("a:\tb:c").unwrap(), of_a(of("b:c")));
    let two = map(&[("a", of("b")), ("c", of("d"))]);
    assert_eq!(decoded("{a:\tb, c: d}").unwrap(), two);
    assert_eq!(decoded("[a:\tb]").unwrap(), list(&[of_a(of("b"))]));
    assert_eq!(decoded("a: |\n  b:\tc").unwrap(), of_a(of("b:\tc\n")));
    // Tabs do not indent.
    for text in [
        "a:\t- b",
        "a:\tb: c",
        "? a\n:\tb: c",
        "? a\n:\t- b",
        "-\t- a",
        "a:\n\tb: c",
    ] {
        refused(text);
    }
}
