use std::collections::BTreeMap;

use warren_engine::security::{
    Actor, Caller, Decision, Request, Resource, Reuse, Scope, Subject, Target, Verdict,
};
use warren_kernel::Error;

use super::statements::MAX_PROBLEMS;
use super::*;
use crate::manifest::ManifestError;

fn file(id: &str, text: &str) -> File {
    File {
        id: id.to_owned(),
        path: format!("policies/{id}.cedar").into(),
        text: text.into(),
    }
}

fn compiled(policies: &[(&str, &str)]) -> Compiled {
    let policies = policies.iter().map(|(id, text)| file(id, text)).collect();
    Compiled::new(&Files {
        policies,
        schema: None,
    })
    .unwrap()
}

fn subject(actor: Option<(&str, &str)>, policies: &[&str]) -> Subject {
    let actor = actor
        .map(|(id, role)| Actor::new(id, &BTreeMap::from([("role".to_owned(), role.to_owned())])));
    let policies = policies.iter().map(|id| (*id).to_owned()).collect();
    Subject::new(actor, Some(Scope { policies }))
}

fn caller() -> Caller {
    Caller {
        pid: "{app:processes|0x00001}".into(),
        definition: "app:main".into(),
        host: "app:processes".into(),
        node: None,
    }
}

fn ask(compiled: &Compiled, subject: &Subject, action: &str, resource: Resource) -> Decision {
    let request = Request {
        subject,
        caller: &caller(),
        action,
        resource: &resource,
        attributes: &[],
    };
    compiled.decide(&request, &[], false)
}

fn process(definition: &str, names: &[&str]) -> Resource {
    Resource::Process(Target {
        pid: "{app:processes|0x00002}".into(),
        host: Some("app:processes".into()),
        definition: Some(definition.into()),
        names: names.iter().map(|name| (*name).into()).collect(),
    })
}

#[test]
fn a_permit_allows_and_a_forbid_wins() {
    let policies = compiled(&[(
        "rooms",
        "permit (principal, action == Action::\"process.send\", resource)\n\
         when { resource.names.contains(\"room\") };\n\
         @reason(\"the room is closed\")\n\
         forbid (principal, action, resource == Process::\"{app:processes|0x00002}\")\n\
         when { principal is Actor && principal.hasTag(\"role\") && principal.getTag(\"role\") == \"guest\" };",
    )]);
    let send = |role: &str, resource| {
        ask(
            &policies,
            &subject(Some(("ada", role)), &["rooms"]),
            "process.send",
            resource,
        )
    };
    let allowed = send("member", process("app:room", &["room"]));
    assert!(allowed.allowed);
    assert_eq!(&*allowed.because, "rooms.cedar:1:1 permits it");
    assert_eq!(allowed.reuse, Reuse::Subject);
    let forbidden = send("guest", process("app:room", &["room"]));
    assert!(!forbidden.allowed);
    assert_eq!(&*forbidden.because, "rooms.cedar:3:1 forbids it");
    assert_eq!(forbidden.reason.as_deref(), Some("the room is closed"));
    let unknown = send("member", process("app:room", &[]));
    assert!(!unknown.allowed);
    assert_eq!(&*unknown.because, "no policy permits it");
}

/// A well typed condition that fails at every evaluation: the sum is too large.
const FAILS: &str = "when { 9223372036854775807 + 1 > 0 }";

#[test]
fn a_forbid_that_fails_denies() {
    let policies = compiled(&[
        ("all", "permit (principal, action, resource);"),
        (
            "links",
            &format!("forbid (principal, action == Action::\"process.link\", resource) {FAILS};"),
        ),
    ]);
    let both = subject(None, &["all", "links"]);
    let denied = ask(&policies, &both, "process.link", process("a:b", &[]));
    assert!(!denied.allowed);
    let because = &*denied.because;
    assert!(because.starts_with("links.cedar:1:1 fails: "), "{because}");
    // The operator may know the reason, and the process may not.
    assert_eq!(denied.reason, None);
    // The statement covers no other actions, and no processes outside its
    // scope.
    assert!(ask(&policies, &both, "process.send", process("a:b", &[])).allowed);
    let all = subject(None, &["all"]);
    assert!(ask(&policies, &all, "process.link", process("a:b", &[])).allowed);
    // A denial needs no permit elsewhere: nothing forbids the request
    // otherwise.
    let everyone = Subject::new(None, None);
    let resource = process("a:b", &[]);
    let request = Request {
        subject: &everyone,
        caller: &caller(),
        action: "process.link",
        resource: &resource,
        attributes: &[],
    };
    assert!(policies.decide(&request, &[], false).allowed);
    assert!(
        !policies
            .decide(&request, &["links".to_owned()], false)
            .allowed
    );
}

#[test]
fn a_permit_that_fails_permits_nothing() {
    let fails = format!("permit (principal, action, resource) {FAILS};");
    let policies = compiled(&[
        ("fails", &fails),
        (
            "sends",
            "permit (principal, action == Action::\"process.send\", resource);",
        ),
    ]);
    let one = subject(None, &["fails"]);
    let denied = ask(&policies, &one, "process.send", process("a:b", &[]));
    assert!(!denied.allowed);
    // The failing statement does not revoke the permit of another.
    let both = subject(None, &["fails", "sends"]);
    assert!(ask(&policies, &both, "process.send", process("a:b", &[])).allowed);
    assert!(!ask(&policies, &both, "process.link", process("a:b", &[])).allowed);
}

#[test]
fn only_the_policies_of_the_scope_hold() {
    let policies = compiled(&[
        (
            "one",
            "permit (principal, action == Action::\"process.exec\", resource == Definition::\"app:x\");",
        ),
        ("two", "permit (principal, action, resource);"),
    ]);
    let exec = |scope: &[&str], id: &str| {
        let resource = Resource::Definition(id.to_owned());
        ask(&policies, &subject(None, scope), "process.exec", resource).allowed
    };
    assert!(exec(&["one"], "app:x"));
    assert!(!exec(&["one"], "app:y"));
    assert!(exec(&["two"], "app:y"));
    assert!(!exec(&[], "app:x"));
    assert!(!exec(&["two", "three"], "app:x"), "a policy is missing");
}

#[test]
fn without_actor_and_scope_all_is_allowed_unless_strict() {
    let policies = compiled(&[]);
    let nobody = Subject::new(None, None);
    let resource = Resource::Name("n".into());
    let action = "process.registry.register";
    assert!(ask(&policies, &nobody, action, resource.clone()).allowed);
    let request = Request {
        subject: &nobody,
        caller: &caller(),
        action,
        resource: &resource,
        attributes: &[],
    };
    assert!(!policies.decide(&request, &[], true).allowed);
}

#[test]
fn an_answer_that_depends_on_the_caller_is_its_own() {
    for (condition, expected) in [
        ("context.pid == \"x\"", Reuse::Caller),
        (
            "context.definition == Definition::\"app:main\"",
            Reuse::Caller,
        ),
        ("context has node && context.node == \"b\"", Reuse::Caller),
        ("context.values.hasTag(\"tenant\")", Reuse::Subject),
        ("context.attributes.hasTag(\"size\")", Reuse::Subject),
    ] {
        let text = format!(
            "permit (principal, action == Action::\"process.send\", resource) when {{ {condition} }};"
        );
        let policies = compiled(&[("p", &text)]);
        let decision = ask(
            &policies,
            &subject(None, &["p"]),
            "process.send",
            process("a:b", &[]),
        );
        assert_eq!(decision.reuse, expected, "{condition}");
    }
}

#[test]
fn problems_come_with_their_places() {
    let error = |text: &str| {
        let files = Files {
            policies: vec![file("p", text)],
            schema: None,
        };
        match Compiled::new(&files) {
            Ok(_) => panic!("{text} is fine"),
            Err(error) => error.to_string(),
        }
    };
    let syntax = error("permit (principal, action, resource);\npermit (principal action);\n");
    assert!(syntax.starts_with("policies/p.cedar:2:"), "{syntax}");
    let action = error("\npermit (principal, action == Action::\"process.sned\", resource);\n");
    assert!(action.starts_with("policies/p.cedar:2:"), "{action}");
    assert!(action.contains("process.sned"), "{action}");
    let attribute = error(
        "permit (principal, action == Action::\"process.send\", resource) when { resource.nmaes.isEmpty() };",
    );
    assert!(attribute.starts_with("policies/p.cedar:1:"), "{attribute}");
}

#[test]
fn a_program_adds_actions_and_resources() {
    let schema = File {
        id: String::new(),
        path: "policies/schema.cedarschema".into(),
        text: "action \"orders.refund\" appliesTo { principal: [Actor], resource: Resource, context: Request };".into(),
    };
    let files = Files {
        policies: vec![file(
            "p",
            "permit (principal, action == Action::\"orders.refund\", resource == Resource::\"7\");",
        )],
        schema: Some(schema),
    };
    let policies = Compiled::new(&files).unwrap();
    let subject = subject(Some(("ada", "clerk")), &["p"]);
    let refund = |id: &str| {
        ask(
            &policies,
            &subject,
            "orders.refund",
            Resource::Other(id.into()),
        )
    };
    assert!(refund("7").allowed);
    assert!(!refund("8").allowed);
}

/// Returns a statement with this condition, which may not end.
fn nested(condition: &str) -> Files {
    let text = format!("permit (principal, action, resource) when {{ {condition} }};");
    Files {
        policies: vec![file("p", &text)],
        schema: None,
    }
}

#[test]
fn too_deep_nesting_is_refused_before_cedar_reads_it() {
    for condition in [
        "(".repeat(100_000),
        "[".repeat(10_000) + &"]".repeat(10_000),
        "!".repeat(100_000) + "true",
        "-".repeat(100_000) + "1 == 1",
        vec!["true"; 50_000].join(" && "),
        vec!["1"; 50_000].join(" + ") + " == 1",
        "if true then true else ".repeat(20_000) + "true",
        "context".to_owned() + &".values".repeat(50_000),
        "{a: ".repeat(10_000),
        "true } when { ".repeat(20_000) + "true",
    ] {
        let Err(error) = Compiled::new(&nested(&condition)) else {
            panic!("{} is fine", &condition[..40]);
        };
        let message = error.to_string();
        assert!(message.contains("it nests too deep"), "{message}");
        assert!(message.contains("200 brackets"), "{message}");
    }
    let schema = "entity X = { a: ".to_owned() + &"Set<".repeat(100_000);
    let files = Files {
        schema: Some(file("", &schema)),
        ..nested("true")
    };
    assert!(Compiled::new(&files).is_err());
}

#[test]
fn the_deepest_allowed_nesting_is_read_judged_and_dropped() {
    for condition in [
        "(".repeat(198) + "true" + &")".repeat(198),
        vec!["true"; 990].join(" && "),
        vec!["1"; 990].join(" + ") + " == 990",
        "if true then true else ".repeat(300) + "true",
    ] {
        let policies = Compiled::new(&nested(&condition)).unwrap();
        let resource = Resource::Name("n".into());
        // Cedar may find the stack too small for the evaluation: then nothing
        // is permitted.
        ask(
            &policies,
            &subject(None, &["p"]),
            "process.registry.register",
            resource,
        );
    }
}

#[test]
fn a_file_full_of_mistakes_is_refused_in_a_moment() {
    let statement = "permit (principal, action, resource) when { principal.nope == 1 };\n";
    let files = Files {
        policies: vec![file("p", &statement.repeat(10_000))],
        schema: None,
    };
    let Err(error) = Compiled::new(&files) else {
        panic!("it is fine");
    };
    assert!((MAX_PROBLEMS..2 * MAX_PROBLEMS).contains(&error.problems.len()));
    let shown = error.to_string();
    assert_eq!(shown.lines().count(), ManifestError::MAX_SHOWN + 1);
    assert!(shown.ends_with("more problems are not shown"), "{shown}");
}

#[test]
fn statements_are_named_by_their_places() {
    let text = "// first\npermit (principal, action, resource) when { \"a;b\" == \"a;b\" };  \
                @id(\"x\") forbid (principal, action, resource) when { false };\n// last\n";
    let policies = compiled(&[("p", text)]);
    let policy = policies.policies.get("p").unwrap();
    let ids: Vec<_> = policy
        .all
        .iter()
        .map(|statement| statement.policy.id().to_string())
        .collect();
    assert_eq!(ids, ["p.cedar:2:1", "p.cedar:2:64"]);
}

#[test]
fn policies_are_evaluated_alone_and_a_forbid_goes_first() {
    let policies = [
        ("permits", "permit (principal, action, resource);"),
        (
            "forbids",
            "forbid (principal, action == Action::\"refund\", resource);",
        ),
        (
            "fails",
            "forbid (principal, action, resource) when { 9223372036854775807 + 1 > 0 };",
        ),
        ("empty", ""),
    ];
    let schema = "action \"refund\", \"read\" appliesTo { principal: [Actor, Nobody], resource: Resource, \
                  context: Request };";
    let policies = Compiled::new(&Files {
        policies: policies.map(|(id, text)| file(id, text)).into(),
        schema: Some(file("schema", schema)),
    })
    .unwrap();
    let evaluate = |ids: &[&str], action: &str| {
        let ids: Vec<_> = ids.iter().map(|id| (*id).to_owned()).collect();
        let request = Request {
            subject: &Subject::new(None, None),
            caller: &caller(),
            action,
            resource: &Resource::Other("order".to_owned()),
            attributes: &[],
        };
        policies.evaluate(&request, &ids, &|| Ok(())).unwrap()
    };
    for (ids, action, verdict) in [
        (&["permits"][..], "refund", Verdict::Allow),
        (&["forbids"], "refund", Verdict::Deny),
        (&["forbids"], "read", Verdict::Undefined),
        (&["permits", "forbids"], "refund", Verdict::Deny),
        (&["permits", "forbids"], "read", Verdict::Allow),
        (&["permits", "fails"], "read", Verdict::Deny),
        (&["empty"], "read", Verdict::Undefined),
        (&[], "read", Verdict::Undefined),
        (&["permits", "missing"], "read", Verdict::Undefined),
        (&["forbids", "missing"], "refund", Verdict::Deny),
    ] {
        assert_eq!(evaluate(ids, action), verdict, "{ids:?} {action}");
    }
}

#[test]
fn an_evaluation_ends_where_it_is_told_to() {
    let policies = compiled(&[("p", "permit (principal, action, resource);")]);
    let request = Request {
        subject: &Subject::new(None, None),
        caller: &caller(),
        action: "read",
        resource: &Resource::Other("order".to_owned()),
        attributes: &[],
    };
    let stopped = policies.evaluate(&request, &["p".to_owned()], &|| {
        Err(Error::internal("enough"))
    });
    assert_eq!(stopped, Err(Error::internal("enough")));
}
