use std::sync::Arc;

use warren_kernel::{HostConfig, Kind};

use crate::setup::{Setup, detail, nothing};

#[test]
fn a_name_finds_its_process_and_so_does_the_text_of_its_pid() {
    let setup = Setup::new();
    let process = setup.process();
    setup.kernel.register("room", &process).unwrap();
    setup.kernel.register("room", &process).unwrap();
    for destination in ["room", process.text()] {
        let found = setup.kernel.resolve(destination).unwrap();
        assert!(Arc::ptr_eq(&found, &process));
    }
    assert_eq!(setup.kernel.name_count(), 1);
}

#[test]
fn a_pid_is_found_in_its_own_host_only() {
    let setup = Setup::new();
    let process = setup.process();
    let elsewhere = process.pid().text("app:elsewhere");
    let refused = setup.kernel.resolve(&elsewhere).unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
}

#[test]
fn a_free_name_is_not_registered() {
    let setup = Setup::new();
    let refused = setup.kernel.lookup("nobody").unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    assert!(refused.message.contains("name not registered"));
    assert_eq!(setup.kernel.unregister("nobody"), Ok(false));
}

#[test]
fn a_taken_name_names_its_holder() {
    let setup = Setup::new();
    let (holder, other) = (setup.process(), setup.process());
    setup.kernel.register("room", &holder).unwrap();
    let refused = setup.kernel.register("room", &other).unwrap_err();
    assert_eq!(refused.kind, Kind::AlreadyExists);
    assert_eq!(detail(&refused, "pid"), **holder.text());
    assert_eq!(setup.kernel.unregister("room"), Ok(true));
    setup.kernel.register("room", &other).unwrap();
}

#[test]
fn an_invalid_name_is_refused() {
    let setup = Setup::new();
    let process = setup.process();
    let long = "x".repeat(warren_kernel::MAX_NAME_BYTES + 1);
    for name in ["", "@name", "{name", &long] {
        let kernel = &setup.kernel;
        for refused in [
            kernel.register(name, &process),
            kernel.lookup(name).map(drop),
            kernel.unregister(name).map(drop),
        ] {
            assert_eq!(refused.unwrap_err().kind, Kind::Invalid);
        }
    }
}

#[test]
fn names_are_limited_and_end_with_their_process() {
    let setup = Setup::with(HostConfig {
        max_names: 2,
        ..HostConfig::default()
    });
    let process = setup.process();
    setup.kernel.register("one", &process).unwrap();
    setup.kernel.register("two", &process).unwrap();
    let refused = setup.kernel.register("three", &process).unwrap_err();
    assert_eq!(detail(&refused, "limit"), "max_names");
    setup.kernel.unregister("one").unwrap();
    setup.kernel.register("three", &process).unwrap();
    setup.end(&process, nothing());
    setup.assert_empty();
}

#[test]
fn hosts_have_names_of_their_own() {
    let setup = Setup::new();
    let kernel = &setup.kernel;
    let again = kernel.add_host("app:processes", HostConfig::default());
    assert_eq!(again.unwrap_err().kind, Kind::Conflict);
    let odd = kernel.add_host("a|b", HostConfig::default());
    assert_eq!(odd.unwrap_err().kind, Kind::Invalid);
    let unknown = kernel.host("app:other").unwrap_err();
    assert!(unknown.message.contains("app:other"));
    assert_eq!(kernel.hosts().len(), 1);
}
