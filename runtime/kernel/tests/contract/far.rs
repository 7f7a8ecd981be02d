//! Ties between processes of two kernels.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use warren_kernel::{
    Error, FarEnd, FarPeers, FarPid, HostConfig, Incarnation, Kernel, Kind, NodeId, Outcome,
    Process, Relation, Spawn, Timestamp,
};

use crate::setup::{Setup, events, failure, nothing};

/// News that a kernel tells other nodes.
#[derive(Debug, Default)]
struct Told {
    ends: Mutex<Vec<(NodeId, FarEnd)>>,
    memberships: Mutex<Vec<String>>,
    /// True once the lease of the node is over.
    is_without_lease: AtomicBool,
}

impl FarPeers for Told {
    fn ended(&self, node: &NodeId, end: FarEnd) {
        self.ends.lock().unwrap().push((node.clone(), end));
    }

    fn joined(&self, group: &str, _: &str) {
        self.memberships.lock().unwrap().push(format!("+{group}"));
    }

    fn left(&self, group: &str, _: &str) {
        self.memberships.lock().unwrap().push(format!("-{group}"));
    }

    fn holds(&self, _: &str) -> bool {
        !self.is_without_lease.load(Ordering::Relaxed)
    }
}

struct Node {
    setup: Setup,
    told: Arc<Told>,
}

fn id(name: &str) -> NodeId {
    NodeId {
        name: name.parse().unwrap(),
        incarnation: Incarnation(7),
    }
}

fn node_with(name: &str, config: HostConfig) -> Node {
    let kernel = Kernel::new();
    let told = Arc::<Told>::default();
    kernel.join_cluster(id(name), Arc::clone(&told) as _);
    let host = kernel.add_host("app:processes", config).unwrap();
    Node {
        setup: Setup { kernel, host },
        told,
    }
}

fn node(name: &str) -> Node {
    node_with(name, HostConfig::default())
}

impl Node {
    fn kernel(&self) -> &Kernel {
        &self.setup.kernel
    }

    /// Carries the ends that this node has told to another one.
    fn carry(&self, to: &Node) {
        for (node, end) in self.told.ends.lock().unwrap().drain(..) {
            assert_eq!(Some(&node), to.kernel().node());
            to.kernel().far_ended(&end);
        }
    }
}

fn far(process: &Process) -> FarPid {
    FarPid::parse(process.text()).unwrap()
}

/// Links two processes, each on its node.
fn link(one: (&Node, &Process), other: (&Node, &Process)) {
    one.0.kernel().link_far(one.1, &far(other.1)).unwrap();
    other.0.kernel().link_far(other.1, &far(one.1)).unwrap();
}

fn monitor(watcher: (&Node, &Process), target: (&Node, &Process)) {
    let far_target = far(target.1);
    watcher
        .0
        .kernel()
        .monitor_far(watcher.1, &far_target)
        .unwrap();
    let far_watcher = far(watcher.1);
    target
        .0
        .kernel()
        .monitored_by_far(target.1, &far_watcher)
        .unwrap();
}

fn down() -> Arc<Outcome> {
    let error = Error::new(Kind::Unavailable, "node b is down");
    Arc::new(Outcome::Failed(Box::new(error)))
}

#[test]
fn a_pid_has_its_node_and_is_found_there_alone() {
    let (a, b) = (node("a"), node("b"));
    let process = a.setup.process();
    assert_eq!(&**process.text(), "{a@app:processes|0x7.00001}");
    assert!(a.kernel().resolve(process.text()).is_ok());
    let error = b.kernel().resolve(process.text()).unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[test]
fn the_end_of_a_process_is_told_to_the_other_node() {
    let (a, b) = (node("a"), node("b"));
    let (watcher, target) = (a.setup.process(), b.setup.process());
    watcher.set_trap_links(true);
    monitor((&a, &watcher), (&b, &target));
    link((&a, &watcher), (&b, &target));
    b.setup.end(&target, failure("boom"));
    b.carry(&a);
    let from = target.text().to_string();
    assert_eq!(
        events(&watcher),
        [("link down", from.clone()), ("exit", from)]
    );
    assert_eq!(watcher.counts(), Default::default());
    assert_eq!((a.kernel().strangers(), b.kernel().strangers()), (0, 0));
    a.setup.end(&watcher, nothing());
    assert!(a.told.ends.lock().unwrap().is_empty());
    a.setup.assert_empty();
    b.setup.assert_empty();
}

#[test]
fn a_linked_process_that_does_not_trap_falls_too() {
    let (a, b) = (node("a"), node("b"));
    let (one, other) = (a.setup.process(), b.setup.process());
    link((&a, &one), (&b, &other));
    b.setup.end(&other, failure("boom"));
    b.carry(&a);
    a.setup.reap(&one);
    assert_eq!(a.kernel().strangers(), 0);
}

#[test]
fn a_normal_end_is_silent_for_links() {
    let (a, b) = (node("a"), node("b"));
    let (one, other) = (a.setup.process(), b.setup.process());
    link((&a, &one), (&b, &other));
    b.setup.end(&other, nothing());
    b.carry(&a);
    assert!(!one.is_doomed());
    assert_eq!(events(&one), []);
    assert_eq!(a.kernel().strangers(), 0);
}

#[test]
fn a_node_that_is_down_ends_each_tie_once() {
    let (a, b) = (node("a"), node("b"));
    let (watcher, target) = (a.setup.process(), b.setup.process());
    watcher.set_trap_links(true);
    let gone = b.setup.process();
    monitor((&a, &watcher), (&b, &target));
    link((&a, &watcher), (&b, &target));
    monitor((&a, &watcher), (&b, &gone));
    b.setup.end(&gone, nothing());
    b.carry(&a);
    b.setup.end(&target, failure("boom"));
    // The news of that end is lost with the node.
    for _ in 0..2 {
        a.kernel().node_is_down(&id("b"), &down(), Timestamp(1));
    }
    b.carry(&a);
    let from = target.text().to_string();
    assert_eq!(
        events(&watcher),
        [
            ("exit", gone.text().to_string()),
            ("link down", from.clone()),
            ("exit", from)
        ]
    );
    assert_eq!(a.kernel().strangers(), 0);
}

#[test]
fn taking_back_drops_what_was_queued() {
    let (a, b) = (node("a"), node("b"));
    let (watcher, target) = (a.setup.process(), b.setup.process());
    monitor((&a, &watcher), (&b, &target));
    a.kernel().unmonitor_far(&watcher, target.text());
    b.kernel().unmonitored_by_far(&target, watcher.text());
    assert_eq!((a.kernel().strangers(), b.kernel().strangers()), (0, 0));
    b.setup.end(&target, nothing());
    assert!(b.told.ends.lock().unwrap().is_empty());
    assert_eq!(events(&watcher), []);
}

#[test]
fn taking_back_drops_the_news_of_an_end() {
    let (a, b) = (node("a"), node("b"));
    let (watcher, target) = (a.setup.process(), b.setup.process());
    let other = b.setup.process();
    watcher.set_trap_links(true);
    for process in [&target, &other] {
        monitor((&a, &watcher), (&b, process));
        link((&a, &watcher), (&b, process));
        b.setup.end(process, failure("boom"));
    }
    b.carry(&a);
    assert_eq!(a.kernel().strangers(), 0);
    a.kernel().unlink_far(&watcher, target.text());
    a.kernel().unmonitor_far(&watcher, target.text());
    a.kernel().unlink_far(&watcher, other.text());
    assert_eq!(events(&watcher), [("exit", other.text().to_string())]);
    assert_eq!(watcher.counts(), Default::default());
}

#[test]
fn ties_to_other_nodes_count_against_the_limits() {
    let config = HostConfig {
        max_links: 1,
        max_monitors: 1,
        ..HostConfig::default()
    };
    let (a, b) = (node_with("a", config), node("b"));
    let who = a.setup.process();
    let (one, other) = (b.setup.process(), b.setup.process());
    assert_eq!(a.kernel().link_far(&who, &far(&one)), Ok(true));
    assert_eq!(a.kernel().link_far(&who, &far(&one)), Ok(false));
    let refused = a.kernel().link_far(&who, &far(&other)).unwrap_err();
    assert_eq!(refused.kind, Kind::RateLimited);
    assert_eq!(a.kernel().monitor_far(&who, &far(&one)), Ok(true));
    let refused = a.kernel().monitor_far(&who, &far(&other)).unwrap_err();
    assert_eq!(refused.kind, Kind::RateLimited);
    assert_eq!(a.kernel().strangers(), 1);
}

#[test]
fn a_child_on_another_node_may_end_before_its_parent_knows_it() {
    let (a, b) = (node("a"), node("b"));
    let parent = a.setup.process();
    let relation = Relation {
        monitored: true,
        linked: false,
    };
    let expecting = a.setup.kernel.expect_far(&parent);
    let far_parent = far(&parent);
    let child = b.setup.spawn(Spawn {
        far_parent: Some(&far_parent),
        relation,
        ..Spawn::default()
    });
    let child = child.unwrap().process;
    b.setup.end(&child, nothing());
    b.carry(&a);
    expecting.adopt(&far(&child), relation).unwrap();
    assert_eq!(events(&parent), [("exit", child.text().to_string())]);
    assert_eq!((a.kernel().strangers(), b.kernel().strangers()), (0, 0));
}

#[test]
fn the_end_of_a_watcher_unties_the_other_node() {
    let (a, b) = (node("a"), node("b"));
    let (watcher, target) = (a.setup.process(), b.setup.process());
    monitor((&a, &watcher), (&b, &target));
    a.setup.end(&watcher, nothing());
    a.carry(&b);
    assert_eq!((a.kernel().strangers(), b.kernel().strangers()), (0, 0));
    assert_eq!(target.counts(), Default::default());
}

#[test]
fn groups_have_members_of_other_nodes() {
    let a = node("a");
    let (kernel, local) = (&a.setup.kernel, a.setup.process());
    kernel.join_group("room", &local).unwrap();
    kernel.join_group("room", &local).unwrap();
    let member: Arc<str> = "{b@app:processes|0x7.00009}".into();
    kernel.far_group_changed("room", &[Arc::clone(&member)], true);
    kernel.far_group_changed("room", &[Arc::clone(&member)], true);
    assert_eq!(
        kernel.far_group_members("room").unwrap(),
        [Arc::clone(&member)]
    );
    kernel.far_group_changed("room", &[member], false);
    kernel.leave_group("room", &local).unwrap();
    kernel.leave_group("room", &local).unwrap();
    assert_eq!(*a.told.memberships.lock().unwrap(), ["+room", "-room"]);
    assert_eq!(kernel.group_counts(), (0, 0));
}

/// The lease can be over before the registry learns that the name is lost.
#[test]
fn a_name_of_the_cluster_leads_nowhere_once_its_lease_is_over() {
    let a = node("a");
    let (kernel, holder, other) = (a.kernel(), a.setup.process(), a.setup.process());
    let find = |name| kernel.resolve(name).map(|process| process.pid());
    kernel.register_in_cluster("room", &holder).unwrap();
    kernel.register("hall", &holder).unwrap();
    assert_eq!(find("room").unwrap(), holder.pid());
    let taken = kernel.register_in_cluster("hall", &other).unwrap_err();
    assert_eq!(taken.kind, Kind::AlreadyExists);
    a.told.is_without_lease.store(true, Ordering::Relaxed);
    assert_eq!(find("room").unwrap_err().kind, Kind::NotFound);
    assert_eq!(kernel.holder("room").unwrap_err().kind, Kind::NotFound);
    assert_eq!(kernel.lookup("room").unwrap().pid(), holder.pid());
    // A name of the node alone needs no lease, also if it was one of the cluster before.
    assert_eq!(find("hall").unwrap(), holder.pid());
    assert!(kernel.unregister("room").unwrap());
    kernel.register("room", &holder).unwrap();
    assert_eq!(find("room").unwrap(), holder.pid());
    kernel.register_in_cluster("den", &other).unwrap();
    a.setup.end(&other, nothing());
    kernel.register("den", &holder).unwrap();
    assert_eq!(find("den").unwrap(), holder.pid());
}
