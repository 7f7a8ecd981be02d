//! Tests of this suite: each rule against an input that breaks it.

use std::path::PathBuf;

use libtest_mimic::{Failed, Trial};

use crate::complaints;
use crate::programs::Program;
use crate::statements;

pub(crate) fn trials() -> Vec<Trial> {
    let one = "## D: Delivery\n- **D-1** It arrives.\n";
    vec![
        complains(
            "a statement without a program",
            one,
            None,
            "nothing shows D-1",
        ),
        complains(
            "a program without a statement",
            one,
            Some("-- Shows it.\n"),
            "program shows no statement",
        ),
        complains(
            "a statement that is none",
            one,
            Some("-- shows: D-1, D-2\n"),
            "program shows D-2, which is none",
        ),
        complains(
            "a Rust test that is not there",
            "## D: Delivery\n- **D-1** It arrives. (Rust: `tests/Cargo.toml` `arrives`)\n",
            None,
            "D-1: tests/Cargo.toml has no arrives",
        ),
        refuses(
            "a number given twice",
            "## D: Delivery\n- **D-1** One.\n- **D-1** Two.\n",
        ),
        refuses(
            "a statement out of its section",
            "## D: Delivery\n- **E-1** One.\n",
        ),
    ]
}

fn complains(
    rule: &str,
    statements: &'static str,
    program: Option<&'static str>,
    complaint: &'static str,
) -> Trial {
    Trial::test(format!("rules: {rule}"), move || {
        let statements = statements::parse(statements)?;
        let parse = |text| Program::parse("program".to_owned(), PathBuf::new(), text);
        let programs = program
            .map(parse)
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        let complaints = complaints(&statements, &programs);
        match complaints.iter().any(|one| one == complaint) {
            true => Ok(()),
            false => Err(Failed::from(format!("only: {complaints:?}"))),
        }
    })
}

fn refuses(rule: &str, statements: &'static str) -> Trial {
    Trial::test(format!("rules: {rule}"), move || {
        match statements::parse(statements) {
            Err(_) => Ok(()),
            Ok(_) => Err(Failed::from("it was accepted")),
        }
    })
}
