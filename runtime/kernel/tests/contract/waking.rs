use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use warren_kernel::{Process, Subscription};

use crate::setup::{Setup, moment};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counted(process: &Process) -> Arc<Count> {
    let count = Arc::new(Count::default());
    process.set_waker(&Waker::from(Arc::clone(&count)));
    count
}

fn wakes(count: &Count) -> usize {
    count.0.load(Ordering::Relaxed)
}

#[test]
fn only_a_wanted_delivery_wakes_and_only_once() {
    let setup = Setup::new();
    let (sender, process) = (setup.process(), setup.process());
    let count = counted(&process);
    let (a, b) = (process.listen("a").unwrap(), process.listen("b").unwrap());
    setup.send(&sender, &process, "a", "no receive is pending");
    assert!(process.poll_receive(&[a]).is_some());
    setup.send(&sender, &process, "a", "none is pending any more");
    assert_eq!(wakes(&count), 0);
    assert!(process.poll_receive(&[b]).is_none());
    setup.send(&sender, &process, "a", "not wanted");
    assert_eq!(wakes(&count), 0);
    setup.send(&sender, &process, "b", "wanted");
    setup.send(&sender, &process, "b", "already awake");
    assert_eq!(wakes(&count), 1);
}

#[test]
fn a_receive_given_up_does_not_wake() {
    let setup = Setup::new();
    let (sender, process) = (setup.process(), setup.process());
    let count = counted(&process);
    let inbox = process.inbox();
    assert!(process.poll_receive(&[inbox]).is_none());
    process.clear_interest();
    setup.send(&sender, &process, "t", "");
    assert!(process.try_receive(&[Subscription(99)]).is_none());
    setup.send(&sender, &process, "t", "");
    assert_eq!(wakes(&count), 0);
}

#[test]
fn doom_and_a_cancel_deadline_wake_whatever_is_wanted() {
    let setup = Setup::new();
    let process = setup.process();
    let count = counted(&process);
    assert!(process.poll_receive(&[]).is_none());
    let cancel = |deadline, enforce| {
        let deadline = Some(moment(deadline));
        let asked = setup
            .kernel
            .cancel(None, &process, deadline, enforce, moment(0));
        asked.unwrap();
        wakes(&count)
    };
    assert_eq!(cancel(50, false), 0);
    assert_eq!(cancel(40, true), 1);
    assert_eq!(cancel(45, true), 1);
    setup.kernel.terminate(&process).unwrap();
    assert_eq!(wakes(&count), 2);
}

#[test]
fn an_exited_process_lets_go_of_its_waker() {
    let setup = Setup::new();
    let process = setup.process();
    let count = counted(&process);
    setup.end(&process, crate::setup::nothing());
    process.set_waker(&Waker::from(Arc::clone(&count)));
    assert_eq!(Arc::strong_count(&count), 1);
}
