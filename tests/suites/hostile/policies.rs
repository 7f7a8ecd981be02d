//! Attacks by policies, and by the schema that a program brings.

use std::fs;

use warren_tests::{Outcome, Program, Warren};

use crate::scene::{Scene, lines, refused};

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "policies/nested",
        tries: "expressions nested 100,000 deep, of each form that nests",
        end: "each is refused, without a stack overflow",
        run: nested,
    },
    Scene {
        name: "policies/statements_by_the_hundred_thousand",
        tries: "100,000 statements in few files",
        end: "refused with the limit, before all are validated",
        run: many_statements,
    },
    Scene {
        name: "policies/files_by_the_ten_thousand",
        tries: "10,001 files of policies",
        end: "refused before one is read; of 10,000 that no scope names few are shown",
        run: many_files,
    },
    Scene {
        name: "policies/huge_sets",
        tries: "a set of 50,000 strings, a string and a pattern of 200 KB",
        end: "the program runs, and is judged by them",
        run: huge_sets,
    },
    Scene {
        name: "policies/circles",
        tries: "entities, actions and types that contain themselves",
        end: "each is refused, and named",
        run: circles,
    },
    Scene {
        name: "policies/types_that_double",
        tries: "record types that double in size with each of 40 levels",
        end: "refused with the limit, before Cedar writes them out",
        run: doubling,
    },
    Scene {
        name: "policies/ancestors",
        tries: "chains of 2,000 entities, actions and types, each in the next one",
        end: "refused with the limit",
        run: ancestors,
    },
    Scene {
        name: "policies/kinds_of_request",
        tries: "an action for 2,000 types of principal and as many of resource",
        end: "refused with the limit",
        run: kinds,
    },
    Scene {
        name: "policies/texts_that_terminals_obey",
        tries: "escape sequences and newlines in ids, reasons, names and mistakes",
        end: "shown escaped",
        run: obeyed,
    },
];

const ALL: &str = "permit (principal, action, resource);";

/// Judges the first process by the policies `p0`, `p1` and so on.
fn program(policies: &[&str], schema: &str) -> Program {
    let ids: Vec<_> = (0..policies.len()).map(|n| format!("\"p{n}\"")).collect();
    let manifest = format!("[security]\npolicies = [{}]\n", ids.join(", "));
    let program = Program::of(&[
        (
            "main.lua",
            "print(process.send(process.pid(), 'topic') ~= nil)",
        ),
        ("warren.toml", &manifest),
        ("policies/schema.cedarschema", schema),
    ]);
    for (n, policy) in policies.iter().enumerate() {
        fs::write(program.path().join(format!("policies/p{n}.cedar")), policy).expect("is written");
    }
    program
}

/// That a program is refused, and its check alike.
#[track_caller]
fn refuses(program: &Program, texts: &[&str]) -> Outcome {
    let check = Warren::tool("check", ".").current_dir(program.path());
    refused(check.outcome(), 2, texts);
    refused(program.run(), 2, texts)
}

fn nested() {
    let forms = [
        ("(", "true", ")"),
        ("!", "true", ""),
        ("-", "1 == 1", ""),
        ("if true then true else ", "true", ""),
        ("if ", "true", " then true else true"),
        ("[", "1", "].contains(1)"),
        ("{a: ", "1", "}.a == 1"),
        ("true && ", "true", ""),
        ("1 + ", "1 == 1", ""),
        ("", "context", ".a"),
        ("", "context", "[\"a\"]"),
        ("", "context", ".contains(1)"),
        ("principal in [", "principal", "]"),
    ];
    for (open, inner, close) in forms {
        let deep = 40_000;
        let condition = format!("{}{inner}{}", open.repeat(deep), close.repeat(deep));
        for word in ["when", "unless"] {
            let policy = format!("permit (principal, action, resource) {word} {{ {condition} }};");
            let policy = &policy[..policy.len().min(1 << 20)];
            let policies = [policy];
            refuses(&program(&policies, ""), &["p0.cedar"]);
        }
    }
    let conditions = "when { true } ".repeat(70_000);
    let policy = format!("permit (principal, action, resource) {conditions};");
    refuses(&program(&[&policy], ""), &["p0.cedar"]);
    // Types nest in a schema.
    let [open, close] = ["Set<", ">"].map(|word| word.repeat(100_000));
    let schema = format!("type T = {open}Long{close};");
    refuses(&program(&[ALL], &schema), &["schema.cedarschema"]);
}

fn many_statements() {
    let statements = lines(20_000, |n| {
        format!("permit(principal,action,resource)when{{{n}==1}};")
    });
    let policies = [&*statements; 5];
    refuses(&program(&policies, ""), &["too many policies", "p"]);
}

fn many_files() {
    let program = program(&[ALL], "");
    for n in 0..9_998 {
        fs::write(program.path().join(format!("policies/n{n}.cedar")), "").expect("is written");
    }
    let check = Warren::tool("policy", "check");
    let check = check.arguments([program.path()]).outcome().ends_with(0);
    assert!(check.text().len() < 10_000, "{check}");
    assert!(check.text().contains("no scope names 9978 more"), "{check}");
    fs::write(program.path().join("policies/m.cedar"), ALL).expect("is written");
    refuses(&program, &["10001 files"]);
}

fn huge_sets() {
    let names = lines(40_000, |n| format!("\"{n}\","));
    let set = format!(
        "permit (principal, action, resource) when {{ [{}].contains(\"39999\") }};",
        names.trim_end().trim_end_matches(',')
    );
    let pattern = format!(
        "forbid (principal, action, resource) when {{ \"{}\" like \"{}b\" }};",
        "a".repeat(100_000),
        "*a".repeat(50_000)
    );
    let program = program(&[&set, &pattern], "");
    program.run().ends_with(0).prints("true\n");
}

fn circles() {
    for (schema, said) in [
        ("type T = {x: U}; type U = {y: T};", "cycle"),
        ("type T = T;", "cycle"),
        ("action a in [b]; action b in [a];", "cycle"),
        ("action a in [a];", "cycle"),
        ("entity A in [B]; entity B in [Missing];", "Missing"),
    ] {
        refuses(&program(&[ALL], schema), &["schema.cedarschema", said]);
    }
    // Entities of a type may be in others of it; this is no circle.
    let schema = "entity A in [A] { a: A }; entity B in [C] { c: C }; entity C in [B] { b: B };";
    program(&[ALL], schema).run().ends_with(0).prints("true\n");
}

fn doubling() {
    let types = lines(40, |n| format!("type T{} = {{a: T{n}, b: T{n}}};", n + 1));
    for last in ["entity E {t: T40};", "entity E tags T40;", ""] {
        let schema = format!("type T0 = {{x: Long}}; {types} {last}");
        refuses(&program(&[ALL], &schema), &["each type counted"]);
    }
}

fn ancestors() {
    let entities = lines(2_000, |n| format!("entity E{} in [E{n}];", n + 1));
    let schema = format!("entity E0; {entities}");
    refuses(&program(&[ALL], &schema), &["ancestors"]);
    let actions = lines(2_000, |n| format!("action a{} in [a{n}];", n + 1));
    let schema = format!("action a0; {actions}");
    refuses(&program(&[ALL], &schema), &["ancestors"]);
    let types = lines(2_000, |n| format!("type T{} = {{a: T{n}}};", n + 1));
    let schema = format!("type T0 = Long; {types}");
    refuses(&program(&[ALL], &schema), &["refer to each other"]);
}

fn kinds() {
    let entities = lines(2_000, |n| format!("entity E{n};"));
    let all: Vec<_> = (0..2_000).map(|n| format!("E{n}")).collect();
    let all = all.join(", ");
    let schema = format!(
        "{entities} action \"x\" appliesTo {{ principal: [{all}], resource: [{all}], \
         context: Request }};"
    );
    refuses(&program(&[ALL], &schema), &["kinds of request"]);
}

fn obeyed() {
    let escape = "\u{1b}[31m";
    let reason = format!(
        "@reason(\"\\u{{1b}}[2J\\nERROR forged\")\nforbid (principal, action, resource);\n\
         // {escape}\r\nforbid (principal == Nobody::\"\\u{{7}}{escape}\", action, resource);"
    );
    let main = "local _, err = process.send(process.pid(), 't') error(err)";
    let program = program(&[&reason], "");
    fs::write(program.path().join("main.lua"), main).expect("is written");
    refused(program.run(), 1, &["forged"]);
    for mistake in [
        format!("permit (principal, action, resource) when {{ principal.{escape} }};"),
        "permit (principal, action, resource) when { principal[\"\\u{1b}\"] == 1 };".to_owned(),
        format!("permit (principal == A{escape}::\"x\", action, resource);"),
        "permit (principal, action == Action::\"\\u{1b}[2J\", resource);".to_owned(),
    ] {
        let program = self::program(&[&mistake], "");
        refuses(&program, &["p0.cedar"]);
    }
    let program = self::program(&[ALL], "");
    let name = format!("policies/{escape}\n.cedar");
    fs::write(program.path().join(name), "permit (").expect("is written");
    refuses(&program, &[r"\u{1b}"]);
}
