//! Policies as an operator sees them: `warren policy`, `--strict`, `--audit`,
//! and reloads.

use std::fs;

use crate::support::{outcome, run, warren};
use warren_tests::{Program, Session};

const MANIFEST: &str = "[scopes.\"app:guest\"]\npolicies = [\"guest\"]\n";

const GUEST: &str = "permit (principal, action == Action::\"process.registry.register\", resource)\n\
                     when { resource.text == \"desk\" };\n\n\
                     @reason(\"the safe is not for guests\")\n\
                     forbid (principal, action, resource) when { resource is Name && resource.text == \"safe\" };\n";

#[test]
fn check_counts_policies_and_names_the_unused_ones() {
    let dir = Program::of(&[
        ("main.lua", ""),
        ("warren.toml", MANIFEST),
        ("policies/guest.cedar", GUEST),
        ("policies/other.cedar", ""),
    ]);
    outcome(warren(dir.path(), &["policy", "check", "."]))
        .ends_with(0)
        .prints(
            "2 policies with 2 statements, nothing wrong\n\
             policies/other.cedar: no scope of the manifest names it\n",
        );
}

#[test]
fn problems_of_policies_are_shown_with_file_and_line() {
    let broken = "permit (principal, action == Action::\"process.send\", resource)\n\
                  when { resource.nmaes.contains(\"x\") };\n";
    let dir = Program::of(&[
        ("main.lua", ""),
        ("warren.toml", MANIFEST),
        ("policies/guest.cedar", broken),
    ]);
    for command in [["policy", "check", "."].as_slice(), &["run", "."]] {
        outcome(warren(dir.path(), command))
            .ends_with(2)
            .says(&["policies/guest.cedar:2:", "nmaes"]);
    }
    let manifest = "[scopes.\"app:guest\"]\npolicies = [\"geust\"]\n";
    let dir = Program::of(&[("main.lua", ""), ("warren.toml", manifest)]);
    run(dir.path(), &["."])
        .ends_with(2)
        .says(&["there is no policy `geust`", "warren.toml:2:"]);
}

#[test]
fn policy_why_names_the_statement_that_decides() {
    let dir = Program::of(&[
        ("main.lua", ""),
        ("warren.toml", MANIFEST),
        ("policies/guest.cedar", GUEST),
    ]);
    let why = |resource: &str, more: &[&str]| {
        let mut words = vec![
            "policy",
            "why",
            ".",
            "--actor",
            "ada",
            "--scope",
            "app:guest",
        ];
        words.extend([
            "--action",
            "process.registry.register",
            "--resource",
            resource,
        ]);
        words.extend(more);
        outcome(warren(dir.path(), &words))
    };
    why("desk", &[])
        .ends_with(0)
        .prints("allowed: process.registry.register on desk: guest.cedar:1:1 permits it\n");
    why("safe", &[]).ends_with(1).prints(
        "denied: process.registry.register on safe: guest.cedar:4:1 forbids it\n\
         the process is told: the safe is not for guests\n",
    );
    let json = why("door", &["--json"]).ends_with(1);
    assert!(
        json.text().contains("\"because\":\"no policy permits it\""),
        "{json}"
    );
}

#[test]
fn policy_why_takes_everything_that_a_policy_looks_at() {
    let policy = "permit (principal is Actor, action, resource)\n\
        when { principal.hasTag(\"role\") && principal.getTag(\"role\") == \"clerk\" };\n\
        permit (principal, action, resource)\n\
        when { context.values.hasTag(\"tenant\") && context.values.getTag(\"tenant\") == \"acme\" };\n\
        permit (principal, action, resource)\n\
        when { context.attributes.hasTag(\"size\") && context.attributes.getTag(\"size\") == \"small\" };\n\
        permit (principal, action, resource)\n\
        when { context.definition.namespace == \"app.desk\" };\n\
        permit (principal, action, resource)\n\
        when { context.host == Host::\"app:desks\" };\n";
    let dir = Program::of(&[
        ("main.lua", ""),
        ("warren.toml", MANIFEST),
        ("policies/guest.cedar", policy),
    ]);
    let why = |more: &[&str]| {
        let asked = [
            "policy",
            "why",
            ".",
            "--actor=ada",
            "--scope=app:guest",
            "--action=process.registry.register",
            "--resource=desk",
        ];
        outcome(warren(dir.path(), &[&asked, more].concat()))
    };
    for (more, line) in [
        ("--meta=role=clerk", 1),
        ("--context=tenant=acme", 3),
        ("--attribute=size=small", 5),
        ("--definition=app.desk:main", 7),
        ("--host=app:desks", 9),
    ] {
        why(&[more]).ends_with(0).prints(&format!(
            "allowed: process.registry.register on desk: guest.cedar:{line}:1 permits it\n"
        ));
    }
    let nothing = "denied: process.registry.register on desk: no policy permits it\n";
    why(&["--meta=role=guest", "--context=tenant=globex"])
        .ends_with(1)
        .prints(nothing);
    why(&["--context=tenant"])
        .ends_with(2)
        .says(&["--context", "expected KEY=VALUE"]);
}

#[test]
fn policy_why_judges_the_actions_of_capabilities() {
    let policy = "permit (principal, action, resource is Store) when { resource.namespace == \"app\" };\n\
        permit (principal, action, resource is Database) when { resource.id == \"app:shop\" };\n\
        permit (principal, action, resource is Queue) when { resource.namespace == \"app\" };\n\
        permit (principal, action, resource is Volume) when { resource.namespace == \"app\" };\n\
        permit (principal, action, resource is Origin) when { resource.host == \"a.example\" };\n\
        permit (principal, action, resource is Listener) when { resource.id == \"app:web\" };\n";
    let dir = Program::of(&[
        ("main.lua", ""),
        ("warren.toml", MANIFEST),
        ("policies/guest.cedar", policy),
    ]);
    let why = |action: &str, resource: &str| {
        let mut words = vec!["policy", "why", ".", "--actor=ada", "--scope=app:guest"];
        words.extend(["--action", action, "--resource", resource]);
        outcome(warren(dir.path(), &words))
    };
    for (line, actions, allowed, denied) in [
        (1, &["store.read", "store.write"][..], "carts", "x:carts"),
        (2, &["sql.read", "sql.write"][..], "shop", "app:other"),
        (
            3,
            &["queue.publish", "queue.consume"][..],
            "mails",
            "x:mails",
        ),
        (4, &["fs.read", "fs.write"][..], "files", "x:files"),
        (5, &["http.request"][..], "https://a.example/v1", "http://b"),
        (6, &["http.listen"][..], "app:web", "app:admin"),
    ] {
        for action in actions {
            why(action, allowed).ends_with(0).prints(&format!(
                "allowed: {action} on {allowed}: guest.cedar:{line}:1 permits it\n"
            ));
            why(action, denied).ends_with(1).prints(&format!(
                "denied: {action} on {denied}: no policy permits it\n"
            ));
        }
    }
}

#[test]
fn a_denied_call_of_a_capability_is_in_the_audit_log() {
    let main = "local s = assert(store.get('carts'))\n\
        local _, err = s:set('a', 1)\n\
        print(err, s:has('a'))";
    let manifest = "[stores.\"app:carts\"]\n[grants.\"app:main\"]\nstore = [\"carts\"]\n\
        [security]\npolicies = [\"guest\"]\n";
    let policy =
        "forbid (principal, action == Action::\"store.write\", resource == Store::\"app:carts\");";
    let dir = Program::of(&[
        ("main.lua", main),
        ("warren.toml", manifest),
        ("policies/guest.cedar", policy),
    ]);
    run(dir.path(), &["--audit", "audit.jsonl", "."])
        .ends_with(0)
        .prints("not allowed: store.write on app:carts\tfalse\n");
    let log = fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    let [denied] = &log.lines().collect::<Vec<_>>()[..] else {
        panic!("one line: {log}");
    };
    for part in [
        "\"event\":\"denied\"",
        "\"action\":\"store.write\"",
        "\"resource\":\"app:carts\"",
        "guest.cedar:1:1 forbids it",
        "\"definition\":\"app:main\"",
    ] {
        assert!(denied.contains(part), "{part}: {denied}");
    }
}

#[test]
fn strict_denies_actions_without_a_permit() {
    let source = "print(process.registry.register('desk'))";
    let dir = Program::of(&[("main.lua", source)]);
    run(dir.path(), &["."]).ends_with(0).prints("true\n");
    run(dir.path(), &["--strict", "."])
        .ends_with(0)
        .prints("nil\tnot allowed: process.registry.register on desk\n");
}

#[test]
fn denials_and_grants_are_in_the_audit_log() {
    let main = "return function()\n\
        local ada = process.with_context({}):with_actor(security.new_actor('ada'))\n\
        ada = ada:with_scope(assert(security.named_scope('app:guest')))\n\
        print(ada:exec('app:guest', 'app:processes'))\n\
        end";
    let guest =
        "return function() return (select(2, process.registry.register('safe'))):message() end";
    let dir = Program::of(&[
        ("main.lua", main),
        ("guest.lua", guest),
        ("warren.toml", MANIFEST),
        ("policies/guest.cedar", GUEST),
    ]);
    run(dir.path(), &["--audit", "audit.jsonl", "."])
        .ends_with(0)
        .prints(
            "not allowed: process.registry.register on safe: the safe is not for guests\tnil\n",
        );
    let log = fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    let [granted, denied] = &log.lines().collect::<Vec<_>>()[..] else {
        panic!("two lines: {log}");
    };
    for part in [
        "\"event\":\"granted\"",
        "\"actor\":\"ada\"",
        "\"scope\":[\"guest\"]",
    ] {
        assert!(granted.contains(part), "{part}: {granted}");
    }
    for part in [
        "\"event\":\"denied\"",
        "\"resource\":\"safe\"",
        "guest.cedar:4:1 forbids it",
        "\"definition\":\"app:guest\"",
    ] {
        assert!(denied.contains(part), "{part}: {denied}");
    }
}

#[cfg(unix)]
#[test]
fn sighup_reads_the_policies_anew_and_a_broken_one_changes_nothing() {
    // Prints the current permission each time it changes.
    let main = "return function()\n\
        local desk = process.with_context({}):with_scope(assert(security.named_scope('app:guest')))\n\
        local _, err = desk:exec('app:guest', 'app:processes')\n\
        assert(not err, err)\n\
        end";
    let guest = "return function()\n\
        for _, expected in ipairs { true, false, true } do\n\
          while security.can('process.registry.register', 'desk') ~= expected do time.sleep('1ms') end\n\
          print(expected)\n\
        end\n\
        end";
    let dir = Program::of(&[
        ("main.lua", main),
        ("guest.lua", guest),
        ("warren.toml", MANIFEST),
        ("policies/guest.cedar", GUEST),
    ]);
    let policy = dir.path().join("policies/guest.cedar");
    let mut session = Session::start(warren(dir.path(), &["run", "--audit", "audit.jsonl", "."]));
    session.wait_for_line("true");
    fs::write(&policy, "").unwrap();
    session.signal("HUP");
    session.wait_for_line("false");
    fs::write(&policy, "permit (principal;").unwrap();
    session.signal("HUP");
    session.wait_for_error("error: the policies were not reloaded; the old ones stay in force");
    fs::write(&policy, GUEST).unwrap();
    session.signal("HUP");
    session
        .end()
        .ends_with(0)
        .prints("true\nfalse\ntrue\n")
        .says(&["policies/guest.cedar:1:"]);
    let log = fs::read_to_string(dir.path().join("audit.jsonl")).unwrap();
    let reloads = log.lines().filter(|line| line.contains("\"reloaded\""));
    assert_eq!(reloads.count(), 3, "{log}");
}

#[cfg(unix)]
#[test]
fn no_policy_is_skipped() {
    let policy = "permit (principal, action, resource);";
    let dir = Program::of(&[("main.lua", ""), ("policies/notes.txt", "")]);
    let path = |name: &str| dir.path().join("policies").join(name);
    let check = || outcome(warren(dir.path(), &["policy", "check", "."]));
    // A link counts as the file that it leads to.
    fs::write(dir.path().join("shared.cedar"), policy).unwrap();
    std::os::unix::fs::symlink("../shared.cedar", path("link.cedar")).unwrap();
    check().ends_with(0).prints(
        "1 policy with 1 statement, nothing wrong\n\
         policies/link.cedar: no scope of the manifest names it\n",
    );
    let fifo = path("fifo.cedar");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    check()
        .ends_with(2)
        .says(&["fifo.cedar: it cannot be read: it is not a file"]);
    fs::remove_file(fifo).unwrap();
    fs::create_dir(path("directory.cedar")).unwrap();
    check()
        .ends_with(2)
        .says(&["directory.cedar", "it is not a file"]);
    fs::remove_dir(path("directory.cedar")).unwrap();
    std::os::unix::fs::symlink("gone.cedar", path("gone.cedar")).unwrap();
    check().ends_with(2).says(&["gone.cedar"]);
    fs::remove_file(path("gone.cedar")).unwrap();
    fs::write(path("large.cedar"), " ".repeat((1 << 20) + 1)).unwrap();
    check()
        .ends_with(2)
        .says(&["large.cedar", "at most 1048576"]);
}
