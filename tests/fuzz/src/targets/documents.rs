//! Makes manifests and policies: half of them valid, the others with near misses.

use arbitrary::{Arbitrary, Result, Unstructured};

use Kind::{
    Actor, Bool, Choice, Count, Duration, Id, Ids, Jitter, Name, Paths, Policies, Queue, Restart,
    Size, Text, Values,
};

/// The kind of a key's value.
#[derive(Clone, Copy)]
enum Kind {
    Actor,
    Bool,
    Choice,
    Count,
    Duration,
    Id,
    Ids,
    Jitter,
    Name,
    Paths,
    Policies,
    Queue,
    Restart,
    Size,
    Text,
    Values,
}

const APP: &[(&str, Kind)] = &[("name", Name), ("main", Id), ("max_memory_total", Size)];

const HOST: &[(&str, Kind)] = &[
    ("max_processes", Count),
    ("max_memory", Size),
    ("max_memory_total", Size),
    ("max_cpu", Duration),
    ("max_log", Size),
    ("max_log_total", Size),
    ("max_files", Count),
    ("max_files_total", Count),
    ("max_disk", Size),
    ("max_queue", Queue),
    ("actor", Actor),
    ("scope", Id),
];

const PROCESS: &[(&str, Kind)] = &[
    ("source", Text),
    ("method", Name),
    ("host", Id),
    ("actor", Actor),
    ("scope", Id),
];

const SERVICE: &[(&str, Kind)] = &[
    ("process", Id),
    ("host", Id),
    ("args", Values),
    ("depends_on", Ids),
    ("critical", Bool),
    ("cluster", Choice),
    ("restart", Restart),
    ("actor", Actor),
    ("scope", Id),
];

const GRANTS: &[(&str, Kind)] = &[("read", Paths), ("write", Paths), ("env", Paths)];

const QUEUE: &[(&str, Kind)] = &[("messages", Count), ("bytes", Size)];

const RESTART: &[(&str, Kind)] = &[
    ("policy", Choice),
    ("max_attempts", Count),
    ("initial_delay", Duration),
    ("max_delay", Duration),
    ("backoff", Count),
    ("jitter", Jitter),
    ("reset_after", Duration),
];

/// The probability of a near miss at each place of a document.
struct Odds {
    /// Of 256.
    wrong: u8,
}

impl Odds {
    fn new(random: &mut Unstructured<'_>) -> Result<Odds> {
        let wrong = if random.ratio(1, 2)? { 0 } else { 16 };
        Ok(Odds { wrong })
    }

    fn wrong(&self, random: &mut Unstructured<'_>) -> Result<bool> {
        Ok(u8::arbitrary(random)? < self.wrong)
    }
}

/// Makes the text of a `warren.toml`.
pub(crate) fn manifest(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let odds = Odds::new(random)?;
    let mut text = String::new();
    table(&mut text, "[app]", APP, &odds, random)?;
    for (section, keys, ids) in [
        ("hosts", HOST, ["app:host", "app:other"]),
        ("processes", PROCESS, ["app:main", "app:worker"]),
        ("services", SERVICE, ["app:first", "app:second"]),
        ("grants", GRANTS, ["app:main", "app:worker"]),
        (
            "scopes",
            &[("policies", Policies)],
            ["app:scope", "app:other"],
        ),
    ] {
        for id in ids {
            // A valid document defines all that it refers to.
            let named = matches!(section, "hosts" | "services" | "scopes");
            if (named && odds.wrong == 0) || random.ratio(1, 2)? {
                let id = if odds.wrong(random)? { "app:a:b" } else { id };
                let head = format!("[{section}.\"{id}\"]");
                table(&mut text, &head, keys, &odds, random)?;
            }
        }
    }
    if random.ratio(1, 3)? {
        let keys = [("strict", Bool), ("policies", Policies)];
        table(&mut text, "[security]", &keys, &odds, random)?;
    }
    Ok(text.into_bytes())
}

fn table(
    text: &mut String,
    head: &str,
    keys: &[(&str, Kind)],
    odds: &Odds,
    random: &mut Unstructured<'_>,
) -> Result<()> {
    *text += head;
    text.push('\n');
    for (key, value) in pairs(keys, odds, random)? {
        *text += &format!("{key} = {value}\n");
    }
    Ok(())
}

/// Makes the keys and values of a table. Required keys are always there.
fn pairs(
    keys: &[(&str, Kind)],
    odds: &Odds,
    random: &mut Unstructured<'_>,
) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for (key, kind) in keys {
        if !matches!(*key, "process" | "source") && random.ratio(2, 3)? {
            continue;
        }
        let name = if odds.wrong(random)? {
            random
                .choose(&["max_procs", "\"\"", "id", "\"a b\"", "x.y"])?
                .to_string()
        } else {
            (*key).to_owned()
        };
        pairs.push((name, value(key, *kind, odds, random)?));
    }
    Ok(pairs)
}

fn inline(keys: &[(&str, Kind)], odds: &Odds, random: &mut Unstructured<'_>) -> Result<String> {
    let pairs = pairs(keys, odds, random)?;
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    Ok(format!("{{ {} }}", pairs.join(", ")))
}

fn value(key: &str, kind: Kind, odds: &Odds, random: &mut Unstructured<'_>) -> Result<String> {
    if odds.wrong(random)? {
        let wrong = [
            "-1",
            "0",
            "1.5",
            "inf",
            "nan",
            "9223372036854775807",
            "\"\"",
            "\"5YiB\"",
            "\"99999999999999999999h\"",
            "\"app:\"",
            "\"..\"",
            "[]",
            "{}",
            "true",
            "1979-05-27",
            "\"\\u0000\"",
            "[[[[]]]]",
            "\"app:scope\"",
            "'''\n'''",
        ];
        return Ok((*random.choose(&wrong)?).to_owned());
    }
    let of = |random: &mut Unstructured<'_>, texts: &[&str]| -> Result<String> {
        Ok((*random.choose(texts)?).to_owned())
    };
    match kind {
        Actor => of(
            random,
            &["{ id = \"acme\" }", "{ id = \"x\", role = \"admin\" }"],
        ),
        Bool => of(random, &["true", "false"]),
        Choice => match key {
            "cluster" => of(random, &["\"one\""]),
            _ => of(random, &["\"always\"", "\"on-failure\"", "\"never\""]),
        },
        Count => of(random, &["1", "2", "10", "1_000"]),
        Duration => match key {
            "initial_delay" => of(random, &["\"10ms\"", "\"1s\""]),
            _ => of(random, &["\"1s\"", "\"1m30s\"", "\"2h\"", "\"90s\""]),
        },
        Id => match key {
            "main" | "process" => of(random, &["\"app:main\"", "\"app:worker\""]),
            "scope" => of(random, &["\"app:scope\"", "\"app:other\""]),
            _ => of(random, &["\"app:host\"", "\"app:other\""]),
        },
        Ids => of(
            random,
            &["[]", "[]", "[]", "[\"app:first\"]", "[\"app:second\"]"],
        ),
        Jitter => of(random, &["0", "0.1", "1.0"]),
        Name => of(random, &["\"app\"", "\"main\"", "\"a-b_c\""]),
        Paths => of(
            random,
            &["[]", "[\"data\"]", "[\"data\", \"out\"]", "[\"HOME\"]"],
        ),
        Policies => of(random, &["[]", "[\"program\"]", "[\"program\", \"guest\"]"]),
        Queue => inline(QUEUE, odds, random),
        Restart => inline(RESTART, odds, random),
        Size => of(random, &["\"1MiB\"", "\"32MiB\"", "\"2GiB\"", "1048576"]),
        Text => of(random, &["\"main.lua\"", "\"worker.lua\"", "'main.lua'"]),
        Values => of(
            random,
            &["[]", "[\"eu\", 1, 1.5, true]", "[{ a = [{}] }, [[1]]]"],
        ),
    }
}

/// Makes the text of a policy: statements in Cedar.
pub(crate) fn policy(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let odds = Odds::new(random)?;
    let mut text = String::new();
    for _ in 0..random.int_in_range(1..=3)? {
        text += &statement(&odds, random)?;
        text.push('\n');
    }
    Ok(text.into_bytes())
}

fn statement(odds: &Odds, random: &mut Unstructured<'_>) -> Result<String> {
    let mut text = String::new();
    if random.ratio(1, 4)? {
        text += random.choose(&["@reason(\"no\") ", "@id(\"x\") ", "@reason(\"\\u{1b}\") "])?;
    }
    text += random.choose(&["permit", "forbid"])?;
    let principal = random.choose(&[
        "principal",
        "principal is Actor",
        "principal == Actor::\"acme\"",
        "principal == Nobody::\"nobody\"",
        "principal in Actor::\"acme\"",
    ])?;
    let action = random.choose(&[
        "action",
        "action == Action::\"process.send\"",
        "action in [Action::\"process.spawn\", Action::\"process.exec\"]",
        "action == Action::\"own\"",
    ])?;
    let resource = random.choose(&[
        "resource",
        "resource is Process",
        "resource is Definition",
        "resource == Host::\"app:host\"",
        "resource == Setting::\"context\"",
    ])?;
    text += &format!(" ({principal}, {action}, {resource})");
    if odds.wrong(random)? {
        text += random.choose(&[" {", " when {}", " where { true }", " ?principal", ","])?;
    }
    for _ in 0..random.int_in_range(0..=2)? {
        text += random.choose(&["\nwhen { ", "\nunless { "])?;
        text += &truth(odds, random, 4)?;
        text += " }";
    }
    Ok(text + ";")
}

/// Makes a boolean expression.
fn truth(odds: &Odds, random: &mut Unstructured<'_>, depth: u8) -> Result<String> {
    if odds.wrong(random)? {
        return Ok(random
            .choose(&[
                "1",
                "principal.",
                "resource.names[0]",
                "x",
                "ip(\"::1\").isLoopback()",
                "9223372036854775808",
                "\"\\u{110000}\" == \"\"",
                "{a: 1, a: 2} == {}",
                "principal like 1",
            ])?
            .to_string());
    }
    let most = if depth == 0 { 5 } else { 9 };
    Ok(match random.int_in_range(0..=most)? {
        0 => "true".to_owned(),
        1 => "resource.names.contains(\"front\")".to_owned(),
        2 => "principal.hasTag(\"role\") && principal.getTag(\"role\") == \"admin\"".to_owned(),
        3 => "context.attributes has key".to_owned(),
        4 => format!("{} like \"a*b\"", text(random)?),
        5 => format!("{} == {}", text(random)?, text(random)?),
        6 => format!("!({})", truth(odds, random, depth - 1)?),
        7 => {
            let operator = random.choose(&["&&", "||", "=="])?;
            let left = truth(odds, random, depth - 1)?;
            format!("({left}) {operator} ({})", truth(odds, random, depth - 1)?)
        }
        8 => format!(
            "if {} then {} else {}",
            truth(odds, random, depth - 1)?,
            truth(odds, random, depth - 1)?,
            truth(odds, random, depth - 1)?
        ),
        _ => format!("{} < {}", number(random)?, number(random)?),
    })
}

fn text(random: &mut Unstructured<'_>) -> Result<&'static str> {
    Ok(random.choose(&[
        "\"a\"",
        "\"gr\\u{fc}n\"",
        "resource.pid",
        "resource.definition",
        "context.definition",
        "context.values.getTag(\"key\")",
    ])?)
}

fn number(random: &mut Unstructured<'_>) -> Result<String> {
    let number = i32::arbitrary(random)?;
    let factor = *random.choose(&["", " * 9223372036854775807", " + 1", " - -1"])?;
    Ok(format!("{number}{factor}"))
}
