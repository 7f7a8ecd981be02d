//! Tests of this suite: each rule against a document that breaks it.

use libtest_mimic::{Failed, Trial};
use warren_tests::TIMEOUT;

use crate::document::{Document, Function};
use crate::globals::Globals;
use crate::{complaints, prove};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        refused(
            "a function without an example",
            "### `f()`\n",
            "f has no example",
        ),
        refused(
            "a function that is not there",
            "### `g()`\n```lua\nprint(g()) --> 1\n```\n",
            "g is documented and not there",
        ),
        refused(
            "a function that is not documented",
            "# Title\n",
            "f is not documented",
        ),
        refused(
            "a value that is not mentioned",
            "# Title\n",
            "v is not mentioned",
        ),
        refused(
            "an example that shows nothing",
            "### `f()`\n```lua\nf()\n```\n",
            "f() (1) shows nothing",
        ),
        Trial::test("rules: a file without a program", || match Document::parse(
            "```lua\n-- x.lua\n```\n",
        ) {
            Err(why) if why == "x.lua belongs to no program" => Ok(()),
            _ => Err(Failed::from("it was accepted")),
        }),
        unproven(
            "function",
            "### `process.pid()`\n```lua\nprocess.pid() print(1) --> 1\n```\n",
        ),
        unproven(
            "method",
            "### `ch:close()`\n```lua\nchannel.new():close() print(1) --> 1\n```\n",
        ),
    ]
}

/// Returns a trial of a process that has `f` and `v`, and a document that is
/// refused with this complaint.
fn refused(rule: &str, text: &'static str, complaint: &'static str) -> Trial {
    Trial::test(format!("rules: {rule}"), move || {
        let globals = Globals {
            functions: ["f".to_owned()].into(),
            values: ["v".to_owned()].into(),
        };
        let complaints = complaints(&Document::parse(text)?, &globals);
        match complaints.iter().any(|one| one == complaint) {
            true => Ok(()),
            false => Err(Failed::from(format!("only: {complaints:?}"))),
        }
    })
}

/// Returns a trial whose example does not need the function.
fn unproven(what: &str, text: &'static str) -> Trial {
    Trial::test(
        format!("rules: an example that proves nothing of its {what}"),
        move || {
            let document = Document::parse(text)?;
            let section = document
                .sections
                .into_iter()
                .find(|section| !section.functions.is_empty());
            let section = section.ok_or("there is a function")?;
            let function: &Function = &section.functions[0];
            match prove(function, &section.examples, TIMEOUT) {
                Err(why) if why.ends_with("notices that it does nothing") => Ok(()),
                other => Err(Failed::from(format!("{other:?}"))),
            }
        },
    )
}
