//! The memory of processes, against the budgets of process, host and runtime.

use std::sync::Arc;

use warren_kernel::{
    Budget, Delivery, Details, Event, Field, Host, HostConfig, Kernel, Kind, MemoryLimits, Outcome,
    Process, QueueLimits, Spawn, Which,
};

use crate::setup::{detail, failure, moment, nothing};

const MIB: u64 = 1 << 20;

struct Machine {
    kernel: Arc<Kernel>,
    host: Arc<Host>,
}

/// A host whose queues are longer than its memory.
fn machine(runtime: u64, process: u64, total: Option<u64>) -> Machine {
    let kernel = Kernel::within(runtime);
    let config = HostConfig {
        queue: QueueLimits {
            messages: 1_000_000,
            bytes: 1 << 30,
        },
        max_message: 1 << 30,
        ..HostConfig::default()
    };
    let host = kernel
        .add_host_within("app:processes", config, MemoryLimits { process, total })
        .unwrap();
    Machine { kernel, host }
}

impl Machine {
    fn process(&self) -> Arc<Process> {
        self.spawn(Spawn::default()).unwrap()
    }

    fn spawn(&self, spawn: Spawn<'_>) -> Result<Arc<Process>, warren_kernel::Error> {
        let spawned = self.kernel.spawn(self.host.reserve()?, spawn)?;
        Ok(spawned.process)
    }

    /// Fills a process's mailbox. Returns how many messages of a hundredth of a
    /// MiB it took.
    fn fill(&self, process: &Process, topic: &str) -> (usize, warren_kernel::Error) {
        let payload = vec![0; 10 << 10];
        let mut sent = 0;
        loop {
            match self.kernel.send(None, process, topic, &payload) {
                Ok(()) => sent += 1,
                Err(error) => return (sent, error),
            }
        }
    }

    fn used(&self) -> (u64, u64) {
        (self.host.budget().used(), self.kernel.budget().used())
    }

    fn end(&self, process: &Arc<Process>, outcome: Outcome) {
        self.kernel.exit(process, outcome).finish(moment(1));
    }
}

fn value(error: &warren_kernel::Error) -> Option<u64> {
    let Some(Details::Fields(fields)) = &error.details else {
        return None;
    };
    fields.iter().find_map(|(name, field)| match field {
        Field::Number(number) if *name == "value" => Some(*number),
        _ => None,
    })
}

#[test]
fn all_queues_of_a_process_have_one_limit() {
    let machine = machine(u64::MAX, 4 * MIB, None);
    let process = machine.process();
    let mut sent = 0;
    for listener in 0..100 {
        let topic = format!("t{listener}");
        process.listen(&topic).unwrap();
        let (filled, error) = machine.fill(&process, &topic);
        sent += filled;
        assert_eq!(error.kind, Kind::RateLimited);
        assert_eq!(error.retryable, Some(true));
        assert_eq!(detail(&error, "limit"), "max_memory");
        assert_eq!(detail(&error, "host"), "app:processes");
        assert_eq!(value(&error), Some(4 * MIB));
    }
    assert!((390..=410).contains(&sent), "{sent}");
    // A message that is read makes room.
    let topic = process.listen("t0").unwrap();
    for _ in 0..10 {
        assert!(process.try_receive(&[topic]).is_some());
    }
    machine
        .kernel
        .send(None, &process, "t1", &[0; 9000])
        .unwrap();
    machine.end(&process, nothing());
    assert_eq!(machine.used(), (0, 0));
}

#[test]
fn linear_memory_and_messages_share_the_limit() {
    let machine = machine(u64::MAX, 4 * MIB, None);
    let process = machine.process();
    process.grow_memory(3 * MIB).unwrap();
    let (sent, error) = machine.fill(&process, "t");
    assert!((90..=102).contains(&sent), "{sent}");
    assert_eq!(detail(&error, "limit"), "max_memory");
    let spent = process.grow_memory(MIB).unwrap_err();
    assert_eq!((spent.which, spent.limit), (Which::Process, 4 * MIB));
    process.release_memory();
    process.grow_memory(MIB).unwrap();
    // A process that its own memory fills still receives events.
    let full = machine.process();
    full.grow_memory(4 * MIB).unwrap();
    let (sent, _) = machine.fill(&full, "t");
    assert!((20..=26).contains(&sent), "{sent}");
}

#[test]
fn a_host_and_the_runtime_refuse_each_for_itself() {
    let machine = machine(10 * MIB, u64::MAX, Some(4 * MIB));
    let other = machine.kernel.add_host("app:other", HostConfig::default());
    let other = other.unwrap();
    let process = machine.process();
    let (sent, error) = machine.fill(&process, "t");
    assert!((350..=410).contains(&sent), "{sent}");
    assert_eq!(detail(&error, "limit"), "max_memory_total");
    assert_eq!(value(&error), Some(4 * MIB));
    let refused = machine.spawn(Spawn {
        base: 64 << 10,
        ..Spawn::default()
    });
    assert_eq!(detail(&refused.unwrap_err(), "limit"), "max_memory_total");
    assert_eq!(machine.host.live(), 1);
    // Seven eighths of the runtime's memory is the default; less remains if
    // others have taken it.
    assert_eq!(other.budget().limit(), 10 * MIB - 10 * MIB / 8);
    let place = other.reserve().unwrap();
    let neighbour = machine.kernel.spawn(place, Spawn::default()).unwrap();
    let spent = neighbour.process.grow_memory(7 * MIB).unwrap_err();
    assert_eq!((spent.which, spent.limit), (Which::Runtime, 10 * MIB));
    neighbour.process.grow_memory(5 * MIB).unwrap();
}

#[test]
fn small_processes_are_counted_from_their_spawn() {
    let machine = machine(8 * MIB, MIB, None);
    let mut processes = Vec::new();
    let refused = loop {
        match machine.spawn(Spawn {
            base: 64 << 10,
            ..Spawn::default()
        }) {
            Ok(process) => processes.push(process),
            Err(error) => break error,
        }
    };
    assert_eq!(refused.kind, Kind::RateLimited);
    assert!((90..112).contains(&processes.len()), "{}", processes.len());
    assert_eq!(machine.host.live(), processes.len());
    for process in &processes {
        machine.end(process, nothing());
    }
    assert_eq!(machine.used(), (0, 0));
}

#[test]
fn results_that_nobody_reads_are_held_and_dropped_where_there_is_no_room() {
    let machine = machine(u64::MAX, 4 * MIB, None);
    let watcher = machine.process();
    let large = || Outcome::Returned(Some(vec![0; MIB as usize].into()));
    for _ in 0..10 {
        let child = machine.process();
        machine.kernel.monitor(&watcher, &child).unwrap();
        machine.end(&child, large());
        // An error keeps what has room.
        let child = machine.process();
        machine.kernel.monitor(&watcher, &child).unwrap();
        machine.end(&child, failure(&"ü".repeat(MIB as usize / 2)));
    }
    assert!(watcher.footprint() < 5 * MIB, "{}", watcher.footprint());
    let events = watcher.events();
    let (mut whole, mut dropped) = (0, 0);
    while let Some((_, delivery)) = watcher.try_receive(&[events]) {
        let Delivery::Event(Event::Exit { outcome, .. }) = delivery else {
            panic!("not an exit: {delivery:?}");
        };
        match &*outcome {
            Outcome::Returned(_) => whole += 1,
            Outcome::Failed(error) if error.message.len() > 1000 => whole += 1,
            Outcome::Failed(error) if error.kind == Kind::RateLimited => {
                assert_eq!(detail(error, "limit"), "max_memory");
                assert_eq!(detail(error, "host"), "app:processes");
                dropped += 1;
            }
            // The limit of the receiver is none of the process that failed.
            Outcome::Failed(error) => {
                assert_eq!(detail(error, "limit"), "");
                assert!(error.message.contains("the receiver's max_memory"));
                dropped += 1;
            }
        }
    }
    assert_eq!((whole, dropped), (3, 17));
    machine.end(&watcher, nothing());
    assert_eq!(machine.used(), (0, 0));
}

#[test]
fn signals_of_others_count_too() {
    let machine = machine(u64::MAX, 64 << 10, None);
    let victim = machine.process();
    let refused = (0..10_000).find_map(|_| {
        let watcher = machine.process();
        machine.kernel.monitor(&watcher, &victim).err()
    });
    let refused = refused.expect("ties take memory");
    assert_eq!(detail(&refused, "limit"), "max_memory");
    // Listening is counted and never refused: it makes room.
    let listener = machine.process();
    machine.fill(&listener, "t0");
    let before = listener.footprint();
    let listeners: Vec<_> = (0..1000)
        .map(|n| listener.listen(&format!("t{n}")).unwrap())
        .collect();
    assert!(listener.footprint() - before >= 1000 * 512);
    assert!(listener.try_receive(&listeners).is_some());
    let named = machine.process();
    let refused = (0..1000).find_map(|n| {
        let name = format!("{n}{}", "x".repeat(1000));
        machine.kernel.register(&name, &named).err()
    });
    assert_eq!(detail(&refused.unwrap(), "limit"), "max_memory");
    for process in machine.kernel.processes() {
        machine.end(&process, nothing());
    }
    assert_eq!(machine.used(), (0, 0));
}

#[test]
fn the_largest_is_found_in_the_host_that_is_furthest_over_its_share() {
    let machine = machine(100 * MIB, u64::MAX, Some(2 * MIB));
    let free = machine.kernel.add_host("app:free", HostConfig::default());
    let free = free.unwrap();
    let spawn = |host: &Arc<Host>, mib: u64| {
        let place = host.reserve().unwrap();
        let process = machine
            .kernel
            .spawn(place, Spawn::default())
            .unwrap()
            .process;
        process.grow_memory(mib * MIB).unwrap();
        process
    };
    // The share of `modest`'s host is its promised total; the other host's
    // share is half of all memory.
    let modest = spawn(&machine.host, 1);
    let [small, large] = [spawn(&free, 20), spawn(&free, 40)];
    let pids = |bytes| -> Vec<_> {
        let largest = machine.kernel.largest(bytes);
        largest.iter().map(|process| process.pid()).collect()
    };
    assert_eq!(pids(0), [large.pid()]);
    assert_eq!(pids(50 * MIB), [large.pid(), small.pid()]);
    let reason = warren_kernel::Error::new(Kind::RateLimited, "enough");
    large.end_with(reason.clone()).unwrap();
    assert!(large.is_doomed());
    assert_eq!(pids(0), [small.pid()]);
    let exiting = machine.kernel.exit(&large, nothing());
    assert_eq!(
        exiting.outcome().map(|outcome| (**outcome).clone()),
        Some(Outcome::Failed(Box::new(reason)))
    );
    exiting.finish(moment(1));
    machine.end(&small, nothing());
    assert_eq!(pids(0), [modest.pid()]);
}

#[test]
fn given_bytes_are_counted_and_may_change() {
    let machine = machine(u64::MAX, MIB, None);
    let process = machine
        .spawn(Spawn {
            given: 2 * MIB,
            ..Spawn::default()
        })
        .unwrap();
    assert!(machine.used().0 >= 2 * MIB);
    assert!(machine.kernel.send(None, &process, "t", &[0; 100]).is_err());
    process.set_given(0);
    machine.kernel.send(None, &process, "t", &[0; 100]).unwrap();
    assert!(machine.used().0 < MIB);
    let budget: &Arc<Budget> = machine.kernel.budget();
    machine.end(&process, nothing());
    assert_eq!(budget.used(), 0);
}
