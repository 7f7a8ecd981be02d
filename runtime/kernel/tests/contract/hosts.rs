//! Hosts that come, go and get other limits while processes live in them.

use std::sync::Arc;

use warren_kernel::{Host, HostConfig, Kind, MemoryLimits, Spawn, Which};

use crate::setup::{Setup, detail, nothing};

impl Setup {
    fn other(&self, name: &str) -> Arc<Host> {
        let (config, memory) = (HostConfig::default(), MemoryLimits::default());
        let host = self.kernel.new_host(name, config, memory, Box::new(()));
        host.unwrap()
    }
}

fn of_one_process(bytes: u64) -> MemoryLimits {
    MemoryLimits {
        process: bytes,
        total: None,
    }
}

#[test]
fn a_host_is_found_once_it_is_put_in_place() {
    let setup = Setup::new();
    let host = setup.other("a:new");
    assert_eq!(setup.kernel.host("a:new").unwrap_err().kind, Kind::NotFound);
    assert!(setup.kernel.put_hosts(&[Arc::clone(&host)], &[]).is_empty());
    assert!(setup.kernel.host("a:new").unwrap().is(&host));
    assert_ne!(host.number(), setup.host.number());
    let process = setup
        .kernel
        .spawn(host.reserve().unwrap(), Spawn::default());
    let process = process.unwrap().process;
    assert!(setup.kernel.resolve(process.text()).is_ok());
    setup.end(&process, nothing());
    let refused = setup.kernel.new_host(
        "a|b",
        HostConfig::default(),
        MemoryLimits::default(),
        Box::new(()),
    );
    assert_eq!(refused.unwrap_err().kind, Kind::Invalid);
}

#[test]
fn a_process_keeps_the_limits_it_was_started_with() {
    let setup = Setup::new();
    let before = setup.process();
    let config = HostConfig {
        max_names: 0,
        ..HostConfig::default()
    };
    let memory = of_one_process(1 << 20);
    let revised = setup
        .kernel
        .revised_host(&setup.host, config, memory, Box::new(()));
    assert!(setup.kernel.put_hosts(&[revised], &[]).is_empty());
    let host = setup.kernel.host("app:processes").unwrap();
    let after = setup
        .kernel
        .spawn(host.reserve().unwrap(), Spawn::default());
    let after = after.unwrap().process;
    assert!(before.host().is(after.host()));
    assert_eq!(host.live(), 2);
    setup.kernel.register("before", &before).unwrap();
    let error = setup.kernel.register("after", &after).unwrap_err();
    assert_eq!(
        (error.kind.clone(), &*detail(&error, "limit")),
        (Kind::RateLimited, "max_names")
    );
    before.grow_memory(2 << 20).unwrap();
    assert_eq!(
        after.grow_memory(2 << 20).unwrap_err().which,
        Which::Process
    );
    setup.end(&before, nothing());
    setup.end(&after, nothing());
    assert_eq!((host.live(), host.budget().used()), (0, 0));
}

#[test]
fn processes_of_a_removed_host_go_on_and_their_handles_stay_valid() {
    let setup = Setup::new();
    let (one, other) = (setup.process(), setup.process());
    let removed = setup.kernel.put_hosts(&[], &["app:processes", "a:none"]);
    assert_eq!(removed.len(), 1);
    assert!(removed[0].is(&setup.host));
    assert!(setup.kernel.hosts().is_empty());
    let left = setup.kernel.leaving_hosts();
    assert_eq!(left.len(), 1);
    let error = setup.kernel.host("app:processes").unwrap_err();
    assert_eq!(
        (error.kind, &*error.message),
        (Kind::NotFound, "host not found: app:processes")
    );
    assert_eq!(setup.host.reserve().unwrap_err().kind, Kind::NotFound);
    // Found by PID, sent to, and among the largest when the machine has no memory left.
    let listening = other.listen("t").unwrap();
    assert!(setup.kernel.resolve(one.text()).is_ok());
    setup.send(&one, &other, "t", "still there");
    assert!(other.try_receive(&[listening]).is_some());
    assert_eq!(setup.kernel.largest(1).len(), 1);

    // Another host of the same name has nothing of the one before.
    let again = setup.other("app:processes");
    assert!(
        setup
            .kernel
            .put_hosts(&[Arc::clone(&again)], &[])
            .is_empty()
    );
    assert!(!again.is(&setup.host) && again.live() == 0 && again.budget().used() == 0);
    let both = setup.kernel.hosts_of("app:processes").unwrap();
    assert!(both.len() == 2 && both[0].is(&again) && both[1].is(&setup.host));
    setup.kernel.put_hosts(&[], &["app:processes"]);
    let left = setup.kernel.hosts_of("app:processes").unwrap();
    assert!(left.len() == 1 && left[0].is(&setup.host));
    for process in [one, other] {
        setup.end(&process, nothing());
    }
    let error = setup.kernel.hosts_of("app:processes").unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
    setup.kernel.forget_removed_hosts();
    assert!(setup.kernel.leaving_hosts().is_empty());
    setup.assert_empty();
}

#[test]
fn a_host_gives_way_to_another_one_of_its_name() {
    let setup = Setup::new();
    let process = setup.process();
    let removed = setup.kernel.put_hosts(&[setup.other("app:processes")], &[]);
    assert!(removed[0].is(&setup.host) && setup.host.is_removed());
    let host = setup.kernel.host("app:processes").unwrap();
    assert!(!host.is_removed() && !host.is(process.host()));
    setup.end(&process, nothing());
}

#[test]
fn room_that_was_reserved_before_the_removal_becomes_no_process() {
    let setup = Setup::new();
    let reserved = setup.host.reserve().unwrap();
    setup.kernel.put_hosts(&[], &["app:processes"]);
    let refused = setup.kernel.spawn(reserved, Spawn::default());
    assert_eq!(refused.unwrap_err().kind, Kind::NotFound);
    setup.assert_empty();
}
