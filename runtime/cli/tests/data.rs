//! `warren data`.

use std::fs;

use crate::support::{outcome, run, warren};
use warren_tests::Program;

/// A program that counts its starts.
fn counting() -> Program {
    let manifest = "[stores.\"app:starts\"]\nkind = \"durable\"\n\
                    [grants.\"app:main\"]\nstore = [\"starts\"]\n";
    let main = "print((assert(store.get('starts')):incr('starts')))";
    Program::of(&[("warren.toml", manifest), ("main.lua", main)])
}

#[test]
fn a_program_goes_on_with_a_backup_of_its_data() {
    let program = counting();
    let dir = program.path();
    run(dir, &["--data", "data", "."])
        .ends_with(0)
        .prints("1\n");
    run(dir, &["--data", "data", "."])
        .ends_with(0)
        .prints("2\n");
    let made = outcome(warren(dir, &["data", "backup", "data", "backups/1"])).ends_with(0);
    let bytes = fs::metadata(dir.join("backups/1/stores/app:starts.db")).expect("a copy");
    made.prints(&format!("{} stores/app:starts.db\n", bytes.len()))
        .says_nothing();
    run(dir, &["--data", "data", "."])
        .ends_with(0)
        .prints("3\n");
    run(dir, &["--data", "backups/1", "."])
        .ends_with(0)
        .prints("3\n");
}

#[test]
fn tokens_outlive_the_program() {
    let manifest = "[stores.\"app:values\"]\nkind = \"durable\"\n\
                    [tokens.\"app:tokens\"]\nstore = \"app:values\"\n\
                    [grants.\"app:main\"]\ntokens = [\"tokens\"]\n";
    let main = "local ts = assert(security.token_store('tokens'))
        if arg[1] then
          print((assert(ts:validate(arg[1])):id()))
        else
          io.write((assert(ts:create(security.new_actor('ada'), security.new_scope {}))))
        end";
    let program = Program::of(&[("warren.toml", manifest), ("main.lua", main)]);
    let dir = program.path();
    let made = run(dir, &["--data", "data", "."]).ends_with(0);
    run(dir, &["--data", "data", ".", made.text().trim_end()])
        .ends_with(0)
        .prints("ada\n");
}

#[test]
fn a_store_that_keeps_tokens_is_granted_to_nobody() {
    let manifest = "[stores.\"app:values\"]\n\
                    [tokens.\"app:tokens\"]\nstore = \"app:values\"\n\
                    [grants.\"app:main\"]\nstore = [\"values\"]\n";
    let program = Program::of(&[("warren.toml", manifest), ("main.lua", "")]);
    run(program.path(), &["."]).ends_with(2).says(&[
        "cannot grant store `values`",
        "keeps the tokens of app:tokens",
    ]);
}

#[test]
fn directories_that_cannot_be_the_right_ones_are_refused() {
    let program = counting();
    let dir = program.path();
    let backup = |data: &str, copies: &str| outcome(warren(dir, &["data", "backup", data, copies]));
    backup(".", "copies").ends_with(2).says(&[
        ". is not a directory of data",
        "give the directory of --data",
    ]);
    run(dir, &["--data", "data", "."]).ends_with(0);
    backup("data", ".")
        .ends_with(2)
        .says(&["cannot write to .: it already exists"]);
    backup("data", "data/copies")
        .ends_with(2)
        .says(&["it lies in the directory of the data"]);
    fs::create_dir(dir.join("copies.partial")).expect("a directory");
    backup("data", "copies").ends_with(2).says(&[
        "cannot write to copies.partial: it already exists",
        "another backup makes it, or has been killed",
    ]);
    fs::remove_dir(dir.join("copies.partial")).expect("it is there");
    fs::write(
        dir.join("data/stores/app:other.db"),
        "no database".repeat(500),
    )
    .expect("a file");
    backup("data", "copies")
        .ends_with(1)
        .says(&["cannot copy data/stores/app:other.db: "]);
    assert!(!dir.join("copies").exists() && !dir.join("copies.partial").exists());
}
