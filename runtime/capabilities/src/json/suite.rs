//! The official tests of draft 2020-12 (JSON-Schema-Test-Suite, MIT licence), all that are
//! required.

use serde_json::Value as Json;
use warren_engine::capability::Progress;

use super::compile::Schema;
use super::run::Stop;
use super::tree::Tree;
use super::{WORK, check, schema_of_schemas};

/// The test files, and the resources that their schemas refer to by `localhost:1234`.
const SUITE: &str = include_str!("suite/draft2020-12.json");

/// Groups of tests that do not hold here, and the reason.
const DIFFERENCES: [(&str, &str, &str); 2] = [
    (
        "vocabulary",
        "schema that uses custom metaschema with with no validation vocabulary",
        "a schema of another draft or dialect is refused, not read as something else",
    ),
    (
        "vocabulary",
        "ignore unrecognized optional vocabulary",
        "a schema of another draft or dialect is refused, not read as something else",
    ),
];

#[test]
fn the_official_tests_hold() {
    let suite: Json = serde_json::from_str(SUITE).unwrap();
    let (mut passed, mut failed) = (0, Vec::new());
    for (file, groups) in suite["tests"].as_object().unwrap() {
        for group in groups.as_array().unwrap() {
            let name = group["description"].as_str().unwrap();
            let is_difference = DIFFERENCES
                .iter()
                .any(|(of, one, _)| of == file && *one == name);
            let schema = match compiled(&group["schema"], &suite["remotes"]) {
                Ok(schema) => schema,
                Err(_) if is_difference => continue,
                Err(why) => {
                    failed.push(format!("{file}: {name}: {why}"));
                    continue;
                }
            };
            assert!(!is_difference, "{file}: {name} has a schema");
            for test in group["tests"].as_array().unwrap() {
                let mut tree = Tree::default();
                let data = tree.add_text(test["data"].to_string().as_bytes()).unwrap();
                let valid = match check("data", &schema, &tree, data, WORK, None) {
                    Ok(()) => true,
                    Err(Stop::Error(error)) => {
                        assert!(error.message.starts_with("data"), "{error}");
                        false
                    }
                    Err(stop) => panic!("{file}: {name}: {stop:?}"),
                };
                match valid == test["valid"].as_bool().unwrap() {
                    true => passed += 1,
                    false => failed.push(format!("{file}: {name}: {}", test["description"])),
                }
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{passed} hold, but not\n{}",
        failed.join("\n")
    );
    assert!(passed > 1_200, "{passed}");
}

/// Compiles a schema beside the resources that it may refer to.
fn compiled(schema: &Json, remotes: &Json) -> Result<Schema, String> {
    let mut tree = Tree::default();
    let root = tree.add_text(schema.to_string().as_bytes())?;
    check(
        "schema",
        schema_of_schemas::schema().unwrap(),
        &tree,
        root,
        WORK,
        None,
    )
    .map_err(|stop| format!("{stop:?}"))?;
    let text = schema.to_string();
    let mut more = Vec::new();
    for (uri, remote) in remotes.as_object().unwrap() {
        // Not those that no schema of this group names.
        if text.contains("localhost:1234") && remote.get("$vocabulary").is_none() {
            more.push((uri.as_str(), tree.add_text(remote.to_string().as_bytes())?));
        }
    }
    Schema::new(tree, root, &more, &Progress::new(&|| Ok(()))).map_err(|error| error.message)
}
