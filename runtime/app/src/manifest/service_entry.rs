//! The tables `[services."id"]` of a manifest.

use std::time::Duration;

use toml::Spanned;
use warren_values::Value;

use super::reader::{Reader, Section};
use crate::id::Id;
use crate::service::{Restart, RestartCode, RestartPolicy};

/// A table `[services."id"]`, before it is checked against the program.
#[derive(Debug)]
pub(crate) struct ServiceEntry {
    pub(crate) id: Spanned<Id>,
    pub(crate) process: Option<Spanned<Id>>,
    pub(crate) host: Option<Spanned<Id>>,
    pub(crate) args: Vec<Value>,
    pub(crate) depends_on: Vec<Spanned<String>>,
    pub(crate) critical: bool,
    pub(crate) one_in_cluster: bool,
    pub(crate) restart: Restart,
}

/// The values of `cluster`.
const CLUSTER: [(&str, bool); 1] = [("one", true)];

impl ServiceEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, service: &Section<'_>) -> Self {
        let known = [
            "process",
            "host",
            "args",
            "depends_on",
            "critical",
            "cluster",
            "restart",
            "actor",
            "scope",
        ];
        reader.known_keys(service, &known);
        if !service.has("process") {
            let message = format!("there is no `process`{}", service.place());
            reader.problem(
                id.span(),
                message,
                "expected `process`, the definition that it runs",
                Some("add process = \"namespace:name\"".to_owned()),
            );
        }
        ServiceEntry {
            process: reader.id(service, "process"),
            host: reader.id(service, "host"),
            args: reader.values(service, "args"),
            depends_on: reader.strings(service, "depends_on"),
            critical: reader.boolean(service, "critical").unwrap_or(false),
            one_in_cluster: reader.choice(service, "cluster", &CLUSTER).unwrap_or(false),
            restart: read_restart(reader, service),
            id,
        }
    }
}

fn read_restart(reader: &mut Reader, service: &Section<'_>) -> Restart {
    let mut restart = Restart::default();
    let Some(section) = reader.table(service, "restart") else {
        return restart;
    };
    let known = [
        "policy",
        "code",
        "max_attempts",
        "initial_delay",
        "max_delay",
        "backoff",
        "jitter",
        "reset_after",
    ];
    reader.known_keys(&section, &known);
    if let Some(policy) = reader.choice(&section, "policy", &RestartPolicy::ALL) {
        restart.policy = policy;
    }
    if let Some(code) = reader.choice(&section, "code", &RestartCode::ALL) {
        restart.code = code;
    }
    if let Some(attempts) = reader.count(&section, "max_attempts") {
        restart.max_attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
    }
    let mut duration = |key: &str, into: &mut Duration| {
        if let Some(duration) = reader.duration(&section, key, Duration::ZERO) {
            *into = duration;
        }
    };
    duration("initial_delay", &mut restart.initial_delay);
    duration("max_delay", &mut restart.max_delay);
    duration("reset_after", &mut restart.reset_after);
    check_delays(reader, &section, &restart);
    let mut number = |key: &str, range: std::ops::RangeInclusive<f64>, into: &mut f64| {
        if let Some(number) = reader.number(&section, key, range) {
            *into = number;
        }
    };
    number("backoff", 1.0..=1000.0, &mut restart.backoff);
    number("jitter", 0.0..=1.0, &mut restart.jitter);
    restart
}

/// Refuses a first delay that is longer than the longest, defaults included.
fn check_delays(reader: &mut Reader, section: &Section<'_>, restart: &Restart) {
    let (first, longest) = (restart.initial_delay, restart.max_delay);
    if first <= longest {
        return;
    }
    let given = |key: &'static str| section.value(key).map(|value| (key, value.span()));
    let Some((key, span)) = given("initial_delay").or_else(|| given("max_delay")) else {
        return;
    };
    let message = format!(
        "`{key}`{}: the first delay, {first:?}, is longer than the longest, {longest:?}",
        section.place()
    );
    let remedy = "write an initial_delay (default 1s) of at most max_delay (default 90s)";
    reader.problem(
        span,
        message,
        "expected initial_delay <= max_delay",
        Some(remedy.to_owned()),
    );
}

#[cfg(test)]
mod tests {
    use super::super::Manifest;
    use super::*;

    #[test]
    fn a_whole_service() {
        let (manifest, problems) = Manifest::parse(
            r#"
            [services."shop:orders"]
            process = "shop.orders:handler"
            host = "shop:workers"
            args = ["eu", 3, 1.5, true, [1], { a = "b" }]
            depends_on = ["shop:store"]
            critical = true
            cluster = "one"
            restart = { policy = "always", code = "manifest", max_attempts = 3, initial_delay = "10ms", max_delay = "1m30s", backoff = 3, jitter = 0.5, reset_after = "7s" }
            "#,
        );
        assert_eq!(problems, []);
        let [service] = &manifest.services[..] else {
            panic!("one service");
        };
        assert_eq!(service.id.get_ref().as_str(), "shop:orders");
        let process = service.process.as_ref().unwrap();
        assert_eq!(process.get_ref().as_str(), "shop.orders:handler");
        assert_eq!(service.depends_on[0].get_ref(), "shop:store");
        assert!(service.critical && service.one_in_cluster);
        assert_eq!(
            service.args,
            [
                Value::String("eu".into()),
                Value::Integer(3),
                Value::Float(1.5),
                Value::Boolean(true),
                Value::Array(vec![Value::Integer(1)]),
                Value::Map(vec![(Value::String("a".into()), Value::String("b".into()))]),
            ]
        );
        let restart = Restart {
            policy: RestartPolicy::Always,
            code: RestartCode::Manifest,
            max_attempts: 3,
            initial_delay: Duration::from_millis(10),
            max_delay: Duration::from_secs(90),
            backoff: 3.0,
            jitter: 0.5,
            reset_after: Duration::from_secs(7),
        };
        assert_eq!(service.restart, restart);
    }

    #[test]
    fn absent_keys_have_defaults() {
        let (manifest, problems) =
            Manifest::parse("[services.\"a:b\"]\nprocess = \"a:c\"\nrestart = {}\n");
        assert_eq!(problems, []);
        assert_eq!(manifest.services[0].restart, Restart::default());
        assert!(!manifest.services[0].critical && manifest.services[0].args.is_empty());
        assert!(!manifest.services[0].one_in_cluster);
    }

    #[test]
    fn a_service_whose_name_is_no_id_is_told_as_it_is_written() {
        let (_, problems) = Manifest::parse("[services.worker]\n");
        let mut messages = problems.iter().map(|problem| &*problem.message);
        let is_told = messages.any(|told| told == "there is no `process` in [services.worker]");
        assert!(is_told, "{problems:#?}");
    }

    #[test]
    fn each_problem_has_its_place() {
        for (line, at, says) in [
            ("", "\"a:b\"", "there is no `process` in [services.\"a:b\"]"),
            ("process = \"b\"", "\"b\"", "namespace:name"),
            ("process = \"a:c\"\nargs = 3", "3", "an array of values"),
            (
                "process = \"a:c\"\nargs = [2026-01-01]",
                "2026-01-01",
                "a date or time",
            ),
            (
                "process = \"a:c\"\nargs = [9223372036854775808]",
                "9223372036854775808",
                "64 bits",
            ),
            (
                "process = \"a:c\"\nrestart.policy = \"sometimes\"",
                "\"sometimes\"",
                "`always`, `on-failure` or `never`",
            ),
            (
                "process = \"a:c\"\ncluster = \"two\"",
                "\"two\"",
                "expected `one`",
            ),
            (
                "process = \"a:c\"\nrestart.max_attempts = 0",
                "0",
                "expected 1 to",
            ),
            (
                "process = \"a:c\"\nrestart.initial_delay = \"5\"",
                "\"5\"",
                "a unit is missing",
            ),
            (
                "process = \"a:c\"\nrestart = { initial_delay = \"2s\", max_delay = \"1s\" }",
                "\"2s\"",
                "longer than the longest",
            ),
            (
                "process = \"a:c\"\nrestart.initial_delay = \"2m\"",
                "\"2m\"",
                "default 90s",
            ),
            (
                "process = \"a:c\"\nrestart.max_delay = \"10ms\"",
                "\"10ms\"",
                "default 1s",
            ),
            (
                "process = \"a:c\"\nrestart.backoff = 0.5",
                "0.5",
                "expected 1 to 1000",
            ),
            (
                "process = \"a:c\"\nrestart.jitter = nan",
                "nan",
                "expected 0 to 1",
            ),
            (
                "process = \"a:c\"\nrestrat = {}",
                "restrat",
                "did you mean `restart`?",
            ),
        ] {
            let text = format!("[services.\"a:b\"]\n{line}\n");
            let (_, problems) = Manifest::parse(&text);
            let [problem] = &problems[..] else {
                panic!("{line}: expected one problem, found {problems:#?}");
            };
            assert_eq!(&text[problem.span.clone()], at, "{line}");
            let all = format!(
                "{} {} {}",
                problem.message,
                problem.label,
                problem.remedy.as_deref().unwrap_or_default()
            );
            assert!(all.contains(says), "{line}: {all}");
        }
    }
}
