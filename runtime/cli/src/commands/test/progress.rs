//! The cases of a test that runs, by its messages.
//!
//! The messages, and the table that the test returns, come from a guest: all of them are
//! taken for what they may be, cut, and counted.

use std::time::Duration;

use warren::Value;

use super::outcome::{Case, Failure, Status};

/// The most cases of a test that are kept.
const MAX_CASES: usize = 100_000;

/// Bytes of one text that are kept.
const MAX_TEXT: usize = 64 << 10;

/// Bytes of all texts of a test that are kept.
const MAX_TEXTS: usize = 64 << 20;

/// The cases of a test, as far as they are known.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) cases: Vec<Case>,
    /// The place behind the case that has begun or ended last.
    next: usize,
    /// Bytes of texts that may still be kept.
    room: usize,
}

impl Default for Progress {
    fn default() -> Self {
        Progress {
            cases: Vec::new(),
            next: 0,
            room: MAX_TEXTS,
        }
    }
}

impl Progress {
    /// Takes a message of a test: `{type =, data =}`. Others have no effect.
    pub(super) fn take(&mut self, message: &Value) {
        let (Some(Value::String(kind)), Some(data)) = (message.get("type"), message.get("data"))
        else {
            return;
        };
        let status = match kind.as_str() {
            "test:plan" => return self.plan(data),
            "test:case:start" => Status::Running,
            "test:case:pass" => Status::Passed,
            "test:case:skip" => Status::Skipped,
            "test:case:fail" => Status::Failed(self.failure(data)),
            _ => return,
        };
        let suite = self.text(data.get("suite"));
        let name = self.text(data.get("test"));
        let duration = data.get("duration").and_then(seconds);
        self.set(suite, name, status, duration);
    }

    /// Takes the table that `run_cases` returns, of a test that could send no messages.
    pub(super) fn take_result(&mut self, result: &Value) {
        let Some(Value::Map(suites)) = result.get("test_suites") else {
            return;
        };
        let mut suites: Vec<_> = suites
            .iter()
            .filter_map(|(name, suite)| match (name, suite.get("tests")) {
                (Value::String(name), Some(Value::Array(tests))) => Some((name, tests)),
                _ => None,
            })
            .collect();
        suites.sort_by_key(|(name, _)| *name);
        for (suite, tests) in suites {
            for test in tests {
                let status = match test.get("status") {
                    Some(Value::String(status)) => match status.as_str() {
                        "pass" => Status::Passed,
                        "skip" => Status::Skipped,
                        _ => Status::Failed(self.failure(test)),
                    },
                    _ => continue,
                };
                let suite = self.text(Some(&Value::String(suite.clone())));
                let name = self.text(test.get("name"));
                let duration = test.get("duration_ms").and_then(number);
                let duration = duration.map(|ms| Duration::from_secs_f64(ms / 1e3));
                self.add(suite, name, status, duration);
            }
        }
    }

    /// Gives the failure of the process to the case that was running. Returns the failure
    /// if there was none.
    pub(super) fn fail_running(&mut self, failure: Failure) -> Option<Failure> {
        let mut cases = self.cases.iter_mut();
        match cases.find(|case| matches!(case.status, Status::Running)) {
            Some(case) => {
                case.status = Status::Failed(failure);
                None
            }
            None => Some(failure),
        }
    }

    /// Returns the number of cases that did not begin, or did not end.
    pub(super) fn not_ended(&self) -> usize {
        let not_ended = |case: &&Case| matches!(case.status, Status::NotRun | Status::Running);
        self.cases.iter().filter(not_ended).count()
    }

    /// Returns true if a case has failed.
    pub(super) fn has_failed(&self) -> bool {
        let failed = |case: &Case| matches!(case.status, Status::Failed(_));
        self.cases.iter().any(failed)
    }

    fn plan(&mut self, data: &Value) {
        for suite in elements(data.get("suites")) {
            for test in elements(suite.get("tests")) {
                let name_of_suite = self.text(suite.get("name"));
                let name = self.text(test.get("name"));
                self.add(name_of_suite, name, Status::NotRun, None);
            }
        }
    }

    /// Sets the state of a case: the next one of this name that has not ended. One that was
    /// not planned is added.
    fn set(&mut self, suite: String, name: String, status: Status, duration: Option<Duration>) {
        let is_it = |case: &Case| {
            matches!(case.status, Status::NotRun | Status::Running)
                && case.name == name
                && case.suite == suite
        };
        // Cases run in the order of the plan.
        let from = self.next.saturating_sub(1);
        let later = self.cases[from..].iter().position(is_it);
        let found = match later {
            Some(place) => Some(from + place),
            None => self.cases[..from].iter().position(is_it),
        };
        match found {
            Some(place) => {
                self.next = place + 1;
                let case = &mut self.cases[place];
                case.status = status;
                case.duration = duration;
            }
            None => self.add(suite, name, status, duration),
        }
    }

    fn add(&mut self, suite: String, name: String, status: Status, duration: Option<Duration>) {
        if self.cases.len() < MAX_CASES {
            self.cases.push(Case {
                suite,
                name,
                status,
                duration,
            });
        }
    }

    fn failure(&mut self, data: &Value) -> Failure {
        let place = match (data.get("source"), data.get("line")) {
            (Some(source @ Value::String(_)), Some(Value::Integer(line))) => {
                Some((self.text(Some(source)), *line))
            }
            _ => None,
        };
        let stack = data.get("stack").map(|stack| self.text(Some(stack)));
        Failure {
            message: self.text(data.get("error")),
            place,
            stack,
            ..Failure::default()
        }
    }

    /// Returns the beginning of a text, as far as there is room.
    fn text(&mut self, value: Option<&Value>) -> String {
        let text = match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned(),
            _ => return String::new(),
        };
        let end = text.floor_char_boundary(MAX_TEXT.min(self.room));
        self.room -= end;
        text[..end].to_owned()
    }
}

fn elements(value: Option<&Value>) -> &[Value] {
    match value {
        Some(Value::Array(elements)) => elements,
        _ => &[],
    }
}

/// Returns a number that is a length of time.
fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Integer(number) => *number as f64,
        Value::Float(number) => *number,
        _ => return None,
    };
    // More than a year is none.
    (0.0..3e10).contains(&number).then_some(number)
}

fn seconds(value: &Value) -> Option<Duration> {
    number(value).map(Duration::from_secs_f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: Vec<(&str, Value)>) -> Value {
        let pairs = pairs.into_iter();
        Value::Map(
            pairs
                .map(|(key, value)| (Value::from(key), value))
                .collect(),
        )
    }

    fn message(kind: &str, name: &str) -> Value {
        let data = map(vec![
            ("suite", Value::from("sum")),
            ("test", Value::from(name)),
            ("duration", Value::from(0.25)),
            ("error", Value::from("it broke")),
        ]);
        map(vec![("type", Value::from(kind)), ("data", data)])
    }

    fn plan(names: &[&str]) -> Value {
        let tests = names
            .iter()
            .map(|name| map(vec![("name", Value::from(*name))]));
        let suite = map(vec![
            ("name", Value::from("sum")),
            ("tests", Value::Array(tests.collect())),
        ]);
        let data = map(vec![("suites", Value::Array(vec![suite]))]);
        map(vec![("type", Value::from("test:plan")), ("data", data)])
    }

    fn states(progress: &Progress) -> Vec<(&str, &'static str)> {
        let cases = progress.cases.iter();
        let state = |case: &Case| match case.status {
            Status::NotRun => "not run",
            Status::Running => "running",
            Status::Passed => "passed",
            Status::Failed(_) => "failed",
            Status::Skipped => "skipped",
        };
        cases
            .map(|case| (case.name.as_str(), state(case)))
            .collect()
    }

    #[test]
    fn cases_go_from_the_plan_to_their_end() {
        let mut progress = Progress::default();
        progress.take(&plan(&["a", "b", "a", "c"]));
        for (kind, name) in [
            ("test:case:start", "a"),
            ("test:case:pass", "a"),
            ("test:case:skip", "b"),
            ("test:case:start", "a"),
            ("test:case:fail", "a"),
            ("test:case:start", "c"),
        ] {
            progress.take(&message(kind, name));
        }
        assert_eq!(
            states(&progress),
            [
                ("a", "passed"),
                ("b", "skipped"),
                ("a", "failed"),
                ("c", "running")
            ]
        );
        assert_eq!(progress.cases[0].duration, Some(Duration::from_millis(250)));
        assert_eq!(progress.not_ended(), 1);
        assert_eq!(progress.fail_running(Failure::new("late")), None);
        assert!(
            matches!(&progress.cases[3].status, Status::Failed(failure) if failure.message == "late")
        );
        assert_eq!(
            progress.fail_running(Failure::new("later")),
            Some(Failure::new("later"))
        );
    }

    #[test]
    fn cases_without_a_plan_are_added() {
        let mut progress = Progress::default();
        progress.take(&message("test:case:start", "a"));
        progress.take(&message("test:case:pass", "a"));
        assert_eq!(states(&progress), [("a", "passed")]);
    }

    #[test]
    fn other_messages_have_no_effect() {
        let mut progress = Progress::default();
        for value in [
            Value::Nil,
            Value::from("test:plan"),
            map(vec![("type", Value::from("test:plan"))]),
            map(vec![
                ("type", Value::from("test:plan")),
                ("data", Value::Integer(1)),
            ]),
            message("test:case:invented", "a"),
        ] {
            progress.take(&value);
        }
        assert!(progress.cases.is_empty());
    }

    #[test]
    fn texts_have_a_limit() {
        let mut progress = Progress::default();
        let long = "ü".repeat(MAX_TEXT);
        for _ in 0..MAX_TEXTS / MAX_TEXT + 2 {
            progress.take(&message("test:case:pass", &long));
        }
        let kept: usize = progress.cases.iter().map(|case| case.name.len()).sum();
        assert!(kept <= MAX_TEXTS, "{kept}");
        assert!(progress.cases[0].name.len() <= MAX_TEXT);
    }

    #[test]
    fn a_result_has_the_cases_in_place_of_messages() {
        let test = |name: &str, status: &str| {
            map(vec![
                ("name", Value::from(name)),
                ("status", Value::from(status)),
                ("error", Value::from("it broke")),
                ("duration_ms", Value::from(1.5)),
            ])
        };
        let tests = Value::Array(vec![
            test("a", "pass"),
            test("b", "fail"),
            test("c", "skip"),
        ]);
        let suites = map(vec![("sum", map(vec![("tests", tests)]))]);
        let mut progress = Progress::default();
        progress.take_result(&map(vec![("test_suites", suites)]));
        assert_eq!(
            states(&progress),
            [("a", "passed"), ("b", "failed"), ("c", "skipped")]
        );
        assert!(progress.has_failed());
    }
}
