//! Checks of values, and schemas that attack.

use super::{Json, SHORT, WORK};
use crate::test::{Nobody, called, called_with_long, called_within, of};
use warren_engine::capability::{Capability as _, Step};
use warren_kernel::{Error, Kind};
use warren_values::Value;

fn map(pairs: &[(&str, Value)]) -> Value {
    let pairs = pairs.iter().map(|(key, value)| (of(key), value.clone()));
    Value::Map(pairs.collect())
}

fn list(values: &[Value]) -> Value {
    Value::Array(values.to_vec())
}

fn validated(schema: &str, data: Value) -> Result<Value, Error> {
    called(&Json::default(), "validate", &[of(schema), data])
}

/// Returns the message of data that is refused.
fn refused(schema: &str, data: &str) -> String {
    let error = called(&Json::default(), "validate_string", &[of(schema), of(data)]).unwrap_err();
    assert_eq!(error.kind, Kind::Invalid, "{error}");
    error.message
}

const USER: &str = r##"{
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "pattern": "^[a-z]+$"},
        "age": {"type": "integer", "minimum": 0},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "uniqueItems": true},
        "odd key": {"$ref": "#/$defs/small"}
    },
    "required": ["name"],
    "additionalProperties": false,
    "$defs": {"small": {"type": "number", "exclusiveMaximum": 10, "multipleOf": 0.5}}
}"##;

#[test]
fn a_failure_names_path_and_rule() {
    for (data, message) in [
        ("[]", "data: type: expected object, got array"),
        ("{}", "data.name: required: it is missing"),
        (
            r#"{"name": 1}"#,
            "data.name: type: expected string, got number",
        ),
        (
            r#"{"name": ""}"#,
            "data.name: minLength: 0 characters are fewer than 1",
        ),
        (
            r#"{"name": "A"}"#,
            "data.name: pattern: the text does not match ^[a-z]+$",
        ),
        (
            r#"{"name": "a", "age": -1}"#,
            "data.age: minimum: -1 is less than 0",
        ),
        (
            r#"{"name": "a", "age": 1.5}"#,
            "data.age: type: expected integer, got number",
        ),
        (
            r#"{"name": "a", "tags": ["a", "c"]}"#,
            "data.tags[2]: enum: it is not one of the values allowed",
        ),
        (
            r#"{"name": "a", "tags": ["b", "a", "b"]}"#,
            "data.tags: uniqueItems: the elements 1 and 3 are equal",
        ),
        (
            r#"{"name": "a", "odd key": 10}"#,
            "data[\"odd key\"]: exclusiveMaximum: 10 is not less than 10",
        ),
        (
            r#"{"name": "a", "odd key": 0.7}"#,
            "data[\"odd key\"]: multipleOf: 0.7 is not a multiple of 0.5",
        ),
        (
            r#"{"name": "a", "more": 1}"#,
            "data.more: additionalProperties: it is not allowed here",
        ),
    ] {
        assert_eq!(refused(USER, data), message);
    }
    let whole = r#"{"name": "a", "age": 1.0, "tags": [], "odd key": 9.5}"#;
    let valid = called(&Json::default(), "validate_string", &[of(USER), of(whole)]);
    assert_eq!(valid, Ok(Value::Boolean(true)));
    let error = validated(USER, list(&[])).unwrap_err();
    assert_eq!(error.message, "data.name: required: it is missing");
}

#[test]
fn schemas_are_tables_as_well_as_texts() {
    let schema = map(&[
        ("type", of("object")),
        (
            "properties",
            map(&[("n", map(&[("type", list(&[of("integer"), of("null")]))]))]),
        ),
        ("required", list(&[of("n")])),
    ]);
    let json = Json::default();
    let check = |data: Value| called(&json, "validate", &[schema.clone(), data]);
    assert_eq!(
        check(map(&[("n", Value::Integer(1))])),
        Ok(Value::Boolean(true))
    );
    assert_eq!(check(map(&[("n", Value::Nil)])), Ok(Value::Boolean(true)));
    let error = check(map(&[("n", of("x"))])).unwrap_err();
    assert_eq!(
        error.message,
        "data.n: type: expected integer or null, got string"
    );
    // An empty schema allows everything.
    for schema in [list(&[]), Value::Map(vec![]), of("{}"), of("true")] {
        assert!(called(&json, "validate", &[schema, Value::Integer(1)]).is_ok());
    }
}

#[test]
fn an_empty_table_is_an_array_and_an_object() {
    for kind in ["array", "object"] {
        let schema = format!(r#"{{"type": "{kind}"}}"#);
        assert!(validated(&schema, list(&[])).is_ok());
    }
    assert!(validated(r#"{"type": "object"}"#, Value::Map(vec![])).is_ok());
    assert!(validated(r#"{"type": "array"}"#, Value::Map(vec![])).is_err());
    assert!(validated(r#"{"type": "string"}"#, list(&[])).is_err());
    assert!(validated(r#"{"minItems": 1}"#, list(&[])).is_err());
    for schema in [
        r#"{"const": []}"#,
        r#"{"const": {}}"#,
        r#"{"enum": [1, {}]}"#,
    ] {
        assert!(validated(schema, list(&[])).is_ok(), "{schema}");
    }
    let schema = map(&[("properties", list(&[])), ("const", list(&[]))]);
    assert!(called(&Json::default(), "validate", &[schema, list(&[])]).is_ok());
}

#[test]
fn arguments_that_are_none_are_invalid() {
    for (arguments, message) in [
        (vec![], "schema is required"),
        (vec![of("{}")], "data is required"),
        (vec![of("{}"), Value::Nil], "data is required"),
        (
            vec![Value::Integer(1), of("x")],
            "schema: expected a table or text",
        ),
        (vec![of("{"), of("x")], "schema: EOF"),
        (
            vec![of("1"), of("x")],
            "schema: type: expected object or boolean, got number",
        ),
        (
            vec![of(r#"{"type": "text"}"#), of("x")],
            "schema.type: anyOf: none of",
        ),
        (
            vec![of(r#"{"minLength": -1}"#), of("x")],
            "schema.minLength: minimum: -1",
        ),
        (
            vec![of(r#"{"$ref": "x"}"#), of("x")],
            "schema.$ref: x refers to no schema",
        ),
        (
            vec![of(r##"{"$ref": "#/a"}"##), of("x")],
            "schema.$ref: #/a",
        ),
        (
            vec![of(r#"{"$ref": "http://a/b"}"#), of("x")],
            "schema.$ref: http://a/b",
        ),
        (
            vec![of(r#"{"pattern": "(?=a)"}"#), of("x")],
            "schema: the pattern `(?=a)` is invalid: ",
        ),
        (
            vec![
                of(r#"{"$schema": "http://json-schema.org/draft-07/schema#"}"#),
                of("x"),
            ],
            "schema.$schema: http://json-schema.org/draft-07/schema# is not https://",
        ),
        (
            vec![of("{}"), Value::Bytes(vec![255])],
            "data: a string that is not UTF-8",
        ),
        (
            vec![
                of("{}"),
                map(&[("a", Value::Map(vec![(Value::Integer(5), of("x"))]))]),
            ],
            "data.a: a table whose keys",
        ),
    ] {
        let error = called(&Json::default(), "validate", &arguments).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        assert!(error.message.starts_with(message), "{error}");
    }
    for (data, message) in [
        ("", "data: EOF"),
        ("[1", "data: EOF"),
        ("{'a'}", "data: key must"),
    ] {
        assert!(
            refused("{}", data).starts_with(message),
            "{}",
            refused("{}", data)
        );
    }
    let null = called(
        &Json::default(),
        "validate_string",
        &[of(r#"{"const": null}"#), of("null")],
    );
    assert!(null.is_ok());
    let large = "x".repeat(5 << 20);
    let error = called_with_long(&Json::default(), "validate", &["{}", &large]).unwrap_err();
    assert!(error.message.contains("more than 4194304"), "{error}");
    let large = format!(r#"{{"const": "{}"}}"#, "x".repeat(300 << 10));
    assert!(validated(&large, of("x")).is_err());
}

#[test]
fn schemas_that_would_take_for_ever_are_stopped_by_their_work() {
    // Each level asks twice for the next one.
    let mut levels: Vec<String> = (0..60)
        .map(|n| {
            let next = format!(r##"{{"$ref": "#/$defs/l{}"}}"##, n + 1);
            format!(r#""l{n}": {{"allOf": [{next}, {next}]}}"#)
        })
        .collect();
    levels.push(r#""l60": {"type": "integer"}"#.into());
    let doubling = format!(
        r##"{{"$ref": "#/$defs/l0", "$defs": {{{}}}}}"##,
        levels.join(",")
    );
    let anew = doubling
        .replace("allOf", "anyOf")
        .replace("integer", "string");
    // A tree of values that is walked in both directions.
    let unevaluated = r##"{
        "anyOf": [{"properties": {"a": {"$ref": "#"}}}, {"additionalProperties": {"$ref": "#"}}],
        "unevaluatedProperties": {"$ref": "#"}
    }"##;
    let deep = "{\"a\":".repeat(80) + "1" + &"}".repeat(80);
    for (schema, data) in [(&*doubling, "1"), (&*anew, "1"), (unevaluated, &*deep)] {
        let message = refused(schema, data);
        assert!(
            message.contains("takes more than 20000000 steps"),
            "{message}"
        );
    }
}

#[test]
fn schemas_without_an_end_are_stopped_by_their_depth() {
    for schema in [
        r##"{"$ref": "#"}"##,
        r##"{"allOf": [{"$ref": "#"}]}"##,
        r##"{"not": {"$dynamicRef": "#a"}, "$dynamicAnchor": "a"}"##,
        r##"{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}"##,
    ] {
        let message = refused(schema, "1");
        assert!(message.contains("more than 256 schemas"), "{message}");
    }
    // Values nest as deep as they may.
    let tree = r##"{"type": ["array", "integer"], "items": {"$ref": "#"}}"##;
    let deep = "[".repeat(120) + "1" + &"]".repeat(120);
    let valid = called(&Json::default(), "validate_string", &[of(tree), of(&deep)]);
    assert_eq!(valid, Ok(Value::Boolean(true)));
}

#[test]
fn the_deepest_check_fits_a_small_stack() {
    let run = || {
        for schema in [
            r##"{"if": {"not": {"propertyNames": {"$ref": "#"}}}, "$ref": "#"}"##,
            r##"{"oneOf": [{"contains": {"$ref": "#"}}, {"$ref": "#"}]}"##,
            r##"{"dependentSchemas": {"a": {"$ref": "#"}}, "additionalProperties": {"$ref": "#"}}"##,
        ] {
            let data = "{\"a\":[".repeat(60) + "1" + &"]}".repeat(60);
            let arguments = [of(schema), of(&data)];
            let _ = called(&Json::default(), "validate_string", &arguments);
        }
    };
    let small = std::thread::Builder::new().stack_size(1536 << 10);
    small.spawn(run).unwrap().join().unwrap();
}

#[test]
fn large_sets_and_lists_take_no_work_that_grows_with_the_square() {
    let numbers: Vec<_> = (0..50_000).map(|n| n.to_string()).collect();
    let data = format!("[{}]", numbers.join(","));
    for schema in [r#"{"uniqueItems": true}"#, r#"{"contains": {"const": 7}}"#] {
        let valid = called(
            &Json::default(),
            "validate_string",
            &[of(schema), of(&data)],
        );
        assert_eq!(valid, Ok(Value::Boolean(true)));
    }
    let values = format!(
        r#"{{"items": {{"enum": [{}]}}}}"#,
        numbers[..20_000].join(",")
    );
    let message = refused(&values, &data);
    assert!(message.contains("steps"), "{message}");
    let patterns: Vec<_> = (0..120).map(|n| format!(r#""a{n}": {{}}"#)).collect();
    let many = format!(r#"{{"patternProperties": {{{}}}}}"#, patterns.join(","));
    let fields: Vec<_> = (0..20_000)
        .map(|n| format!(r#""{}{n}": 1"#, "k".repeat(100)))
        .collect();
    let fields = format!("{{{}}}", fields.join(","));
    let error = called_with_long(&Json::default(), "validate_string", &[&many, &fields]);
    let message = error.unwrap_err().message;
    assert!(message.contains("steps"), "{message}");
}

#[test]
fn patterns_are_bounded() {
    let text = "a".repeat(3 << 20);
    let texts = [r#"{"pattern": "(?:ab?){300}"}"#, &text];
    let error = called_with_long(&Json::default(), "validate", &texts).unwrap_err();
    assert!(
        error.message.contains("too long for its pattern"),
        "{error}"
    );
    let many: Vec<_> = (0..200).map(|n| format!(r#""^{n}": true"#)).collect();
    let schema = format!(r#"{{"patternProperties": {{{}}}}}"#, many.join(","));
    let error = validated(&schema, of("x")).unwrap_err();
    assert!(
        error.message.contains("its patterns have more than"),
        "{error}"
    );
}

#[test]
fn a_schema_is_compiled_once_and_short_checks_are_made_at_once() {
    let json = Json::default();
    let request = |data: Value| warren_values::to_value(&[of(USER), data]).unwrap();
    let step = |data: Value| json.call(&mut Nobody, "validate", request(data).as_slice());
    let data = map(&[("name", of("a"))]);
    assert!(matches!(step(data.clone()), Step::Compute(_)));
    called(&json, "validate", &[of(USER), data.clone()]).unwrap();
    assert!(matches!(step(data.clone()), Step::Done(Ok(_))));
    assert!(matches!(step(Value::Map(vec![])), Step::Done(Err(_))));
    let Step::Compute(work) = step(map(&[("name", of(&"a".repeat(10_000)))])) else {
        panic!("a long check is work");
    };
    assert!(work.memory < 1 << 20);
    let mut deep = list(&[]);
    for _ in 0..17 {
        deep = list(&[deep]);
    }
    assert!(matches!(step(deep), Step::Compute(_)));
    // A short budget is no verdict.
    let deep = r##"{"allOf": [{"allOf": [{"items": {"$ref": "#"}}]}]}"##;
    let mut nested = list(&[]);
    for _ in 0..20 {
        nested = list(&[nested, Value::Integer(1)]);
    }
    for _ in 0..2 {
        let valid = called(&json, "validate", &[of(deep), nested.clone()]);
        assert_eq!(valid, Ok(Value::Boolean(true)));
    }
    const { assert!(SHORT.work < WORK.work && SHORT.depth < WORK.depth) };
}

#[test]
fn a_check_can_be_stopped() {
    let stop = || Err(Error::new(Kind::Canceled, "stopped"));
    let stopped = called_within(&Json::default(), "validate", &[of(USER), of("x")], &stop);
    assert_eq!(stopped.unwrap_err().message, "stopped");
}
