//! Groups of processes without guests.

use std::sync::Arc;

use warren_engine::capability::{Caller, Capability, Progress, Step};
use warren_kernel::{
    Delivery, Error, Host, HostConfig, Kernel, Kind, Outcome, Process, QueueLimits, Spawn,
    Subscription,
};
use warren_values::Value;

use super::Groups;
use crate::test::{Tester, of};

/// Calls an operation, and does its work on this thread. Returns the value, and the number
/// of checks of the work.
fn call_counted(
    tester: &mut Tester,
    operation: &str,
    arguments: &[Value],
) -> Result<(Value, u64), Error> {
    let request = warren_values::to_value(arguments).unwrap();
    let check = || -> Result<(), Error> { Ok(()) };
    let progress = Progress::new(&check);
    let answer = match Groups.call(tester, operation, request.as_slice()) {
        Step::Done(answer) => answer,
        Step::Compute(work) => (work.run)(&progress),
        Step::Wait(_) | Step::Unknown => panic!("no operation {operation}"),
    };
    Ok((
        warren_values::from_value(&answer?).unwrap(),
        progress.checks(),
    ))
}

fn call(tester: &mut Tester, operation: &str, arguments: &[Value]) -> Result<Value, Error> {
    call_counted(tester, operation, arguments).map(|(value, _)| value)
}

fn texts(value: &Value) -> Vec<String> {
    let Value::Array(values) = value else {
        panic!("no list: {value:?}");
    };
    values
        .iter()
        .map(|value| match value {
            Value::String(text) => text.clone(),
            other => panic!("no text: {other:?}"),
        })
        .collect()
}

fn spawn(kernel: &Kernel, host: &Arc<Host>) -> Arc<Process> {
    let spawned = kernel.spawn(host.reserve().unwrap(), Spawn::default());
    spawned.unwrap().process
}

fn end(kernel: &Arc<Kernel>, process: &Arc<Process>) {
    let now = warren_kernel::Moment {
        wall: warren_kernel::Timestamp(0),
        monotonic: warren_kernel::Monotonic(0),
    };
    kernel.exit(process, Outcome::Returned(None)).finish(now);
}

/// The kinds and the paths of the items of a monitor.
fn told(tester: &Tester, feed: Subscription) -> Vec<(String, String)> {
    let items = std::iter::from_fn(|| tester.process().try_receive(&[feed]));
    items
        .map(|(_, delivery)| {
            let Delivery::Message(message) = delivery else {
                panic!("no message");
            };
            let values: Value = warren_values::from_value(message.payload()).unwrap();
            let Value::Array(values) = values else {
                panic!("no values: {values:?}");
            };
            let field = |name| match values[0].get(name) {
                Some(Value::String(text)) => text.clone(),
                other => panic!("{name}: {other:?}"),
            };
            (field("kind"), field("path"))
        })
        .collect()
}

fn opened(value: &Value) -> (Subscription, &Value) {
    let Value::Array(parts) = value else {
        panic!("no monitor: {value:?}");
    };
    let Value::Integer(number) = parts[0] else {
        panic!("no number: {value:?}");
    };
    (Subscription(u32::try_from(number).unwrap()), &parts[1])
}

#[test]
fn a_broadcast_reaches_a_hundred_thousand_members_in_parts() {
    const MEMBERS: usize = 100_000;
    let kernel = Kernel::new();
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let host = kernel.add_host("m:m", HostConfig::default()).unwrap();
    let members: Vec<_> = (0..MEMBERS).map(|_| spawn(&kernel, &host)).collect();
    for member in &members {
        kernel.join_group("g", member).unwrap();
    }
    let arguments = [of("g"), of("t"), Value::from(7), Value::Nil];
    let (answer, checks) = call_counted(&mut tester, "broadcast", &arguments).unwrap();
    let reached = Value::from(MEMBERS as i64);
    let whole = Value::Array(vec![reached, Value::from(0), Value::Array(Vec::new())]);
    assert_eq!(answer, whole);
    // A check for each part: none of them takes long.
    assert!(checks as usize > MEMBERS / 200, "{checks}");
    for member in &members {
        let (_, delivery) = member.try_receive(&[member.inbox()]).unwrap();
        let Delivery::Message(message) = delivery else {
            panic!("no message");
        };
        assert_eq!(message.sender(), Some(&**tester.process().text()));
        assert_eq!(
            (message.topic(), message.payload()),
            ("t", &b"\x92\x07\xc0"[..])
        );
    }
    let (list, checks) = call_counted(&mut tester, "members", &[of("g")]).unwrap();
    assert_eq!(texts(&list).len(), MEMBERS);
    assert!(checks as usize > MEMBERS / 200, "{checks}");
    let monitor = call(&mut tester, "monitor", &[of("g")]).unwrap();
    assert_eq!(texts(opened(&monitor).1).len(), MEMBERS);
}

#[test]
fn the_members_that_a_broadcast_does_not_reach_are_counted_and_named() {
    let kernel = Kernel::new();
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let small = HostConfig {
        queue: QueueLimits {
            messages: 1,
            bytes: 1 << 20,
        },
        ..HostConfig::default()
    };
    let host = kernel.add_host("m:m", small).unwrap();
    let members: Vec<_> = (0..3).map(|_| spawn(&kernel, &host)).collect();
    for member in &members {
        kernel.join_group("g", member).unwrap();
    }
    kernel.send(None, &members[1], "t", b"\x90").unwrap();
    let whole = call(&mut tester, "broadcast", &[of("g"), of("t")]).unwrap();
    let Value::Array(parts) = whole else {
        panic!("{whole:?}");
    };
    assert_eq!(parts[..2], [Value::from(2), Value::from(1)]);
    assert_eq!(texts(&parts[2]), [&**members[1].text()]);
    // A member that has ended is neither.
    let exiting = kernel.exit(&members[1], Outcome::Returned(None));
    let whole = call(&mut tester, "broadcast", &[of("g"), of("u")]).unwrap();
    let Value::Array(parts) = whole else {
        panic!("{whole:?}");
    };
    assert_eq!(parts[..2], [Value::from(0), Value::from(2)]);
    drop(exiting);
}

#[test]
fn a_large_message_is_copied_to_few_members_at_a_time() {
    let kernel = Kernel::new();
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let host = kernel.add_host("m:m", HostConfig::default()).unwrap();
    for _ in 0..10 {
        kernel.join_group("g", &spawn(&kernel, &host)).unwrap();
    }
    let large = Value::from("x".repeat(1_000_000).as_str());
    let arguments = [of("g"), of("t"), large];
    let (_, checks) = call_counted(&mut tester, "broadcast", &arguments).unwrap();
    assert_eq!(checks, 10);
    let config = HostConfig {
        max_message: 1000,
        ..HostConfig::default()
    };
    let mut tester = Tester::new(&kernel, config);
    let larger = Value::from("x".repeat(1001).as_str());
    let error = call(&mut tester, "broadcast", &[of("g"), of("t"), larger]).unwrap_err();
    assert!(error.message.contains("max_message"), "{error}");
}

#[test]
fn a_monitor_of_many_groups_tells_the_rest_of_their_names() {
    let kernel = Kernel::new();
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let host = kernel.add_host("m:m", HostConfig::default()).unwrap();
    let process = spawn(&kernel, &host);
    for number in 0..500 {
        kernel
            .join_group(&format!("chat/{number}"), &process)
            .unwrap();
    }
    kernel.join_group("other", &process).unwrap();
    let monitor = call(&mut tester, "monitor_all", &[of("chat/")]).unwrap();
    let (feed, groups) = opened(&monitor);
    for number in 0..500 {
        let members = groups.get(&number.to_string()).unwrap();
        assert_eq!(texts(members), [&**process.text()]);
    }
    let names = call(&mut tester, "names", &[of("chat/")]).unwrap();
    assert_eq!(texts(&names).len(), 500);
    assert_eq!(texts(&call(&mut tester, "names", &[]).unwrap()).len(), 501);
    kernel.leave_group("chat/7", &process).unwrap();
    kernel.leave_group("other", &process).unwrap();
    kernel.join_group("chat/new", &process).unwrap();
    let expected = [("member.left", "7"), ("member.joined", "new")];
    let expected = expected.map(|(kind, path)| (kind.to_owned(), path.to_owned()));
    assert_eq!(told(&tester, feed), expected);
    end(&kernel, &process);
    assert_eq!(told(&tester, feed).len(), 500);
    assert_eq!(kernel.group_counts(), (0, 1));
    tester.end_code();
    assert_eq!(kernel.group_counts(), (0, 0));
}

#[test]
fn monitors_are_bounded_and_end() {
    let kernel = Kernel::new();
    let config = HostConfig {
        max_subscriptions: 3,
        ..HostConfig::default()
    };
    let mut tester = Tester::new(&kernel, config);
    let open: Vec<_> = (0..3)
        .map(|_| opened(&call(&mut tester, "monitor", &[of("g")]).unwrap()).0)
        .collect();
    // A guest that closes the feed alone gains nothing.
    tester.process().unlisten(open[0]);
    let error = call(&mut tester, "monitor", &[of("g")]).unwrap_err();
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(error.message.contains("max_subscriptions = 3"), "{error}");
    for number in [open[1].0, open[1].0, 1] {
        let closed = call(&mut tester, "close", &[Value::from(i64::from(number))]);
        assert_eq!(closed, Ok(Value::from(true)));
    }
    call(&mut tester, "monitor_all", &[]).unwrap();
    assert_eq!(kernel.group_counts(), (0, 3));
    tester.end_code();
    assert_eq!(kernel.group_counts(), (0, 0));
}

#[test]
fn a_list_that_is_too_large_is_refused_and_ends_its_monitor() {
    let kernel = Kernel::new();
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let host = kernel.add_host("m:m", HostConfig::default()).unwrap();
    let name = "x".repeat(1000);
    for process in 0..5 {
        let process_of_host = spawn(&kernel, &host);
        for number in 0..1000 {
            let name = format!("{name}{process}.{number}");
            kernel.join_group(&name, &process_of_host).unwrap();
        }
    }
    for operation in ["names", "monitor_all"] {
        let error = call(&mut tester, operation, &[]).unwrap_err();
        assert_eq!(error.kind, Kind::RateLimited);
        assert!(error.message.contains("max_group_list"), "{error}");
    }
    assert_eq!(kernel.group_counts(), (5000, 0));
    assert_eq!(
        texts(&call(&mut tester, "names", &[of("y")]).unwrap()),
        [""; 0]
    );
}

#[test]
fn wrong_texts_and_denied_actions_have_no_effect() {
    let kernel = Kernel::new();
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let long = "x".repeat(1025);
    let number = Value::from(7);
    let before = kernel.dump();
    for group in ["", &long, "{x", "@x"] {
        for operation in ["join", "leave", "members", "monitor"] {
            let error = call(&mut tester, operation, &[of(group)]).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid, "{operation} {group}");
        }
        let error = call(&mut tester, "broadcast", &[of(group), of("t")]).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{group}");
    }
    for (operation, arguments) in [
        ("join", vec![number.clone()]),
        ("join", vec![of("g"), of("name")]),
        ("join", vec![of("g"), number.clone()]),
        ("broadcast", vec![of("g")]),
        ("broadcast", vec![of("g"), of("")]),
        ("broadcast", vec![of("g"), of("@t")]),
        ("names", vec![of(&long)]),
        ("monitor_all", vec![of(&long)]),
        ("monitor", vec![of("g"), Value::from(-1)]),
        ("close", vec![Value::from(-1)]),
    ] {
        let error = call(&mut tester, operation, &arguments).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{operation} {arguments:?}");
    }
    let gone = call(&mut tester, "join", &[of("g"), of("{t:0|0x000ff}")]).unwrap_err();
    assert_eq!(gone.kind, Kind::NotFound);
    tester.denied = vec![
        "pg.join",
        "pg.leave",
        "pg.broadcast",
        "pg.members",
        "pg.monitor",
    ];
    for (operation, arguments, on) in [
        ("join", vec![of("g")], "pg.join on g"),
        ("leave", vec![of("g")], "pg.leave on g"),
        ("members", vec![of("g")], "pg.members on g"),
        ("names", vec![of("g")], "pg.members on g*"),
        ("broadcast", vec![of("g"), of("t")], "pg.broadcast on g"),
        ("monitor", vec![of("g")], "pg.monitor on g"),
        ("monitor_all", vec![], "pg.monitor on *"),
    ] {
        let error = call(&mut tester, operation, &arguments).unwrap_err();
        assert_eq!(error.kind, Kind::PermissionDenied);
        assert_eq!(error.message, format!("not allowed: {on}"));
    }
    assert_eq!(kernel.dump(), before);
}
