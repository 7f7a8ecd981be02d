use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task;

use super::*;

/// A deadline that only a broken scheduler reaches.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a task to its end.
fn spawn(scheduler: &Scheduler, task: impl Future<Output = ()> + Send + 'static) {
    scheduler.spawn(0, task).detach();
}

/// Returns a task that has not run, of the host of this number.
pub(super) fn runnable(scheduler: &Scheduler, lane: usize) -> Runnable {
    let shared = Arc::clone(&scheduler.shared);
    let (runnable, task) = Builder::new()
        .metadata(Tag { shared, lane })
        .spawn(|_| async {}, WithInfo(schedule));
    task.detach();
    runnable
}

pub(super) fn scheduler(workers: usize) -> Scheduler {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("builds");
    let workers = NonZeroUsize::new(workers).expect("not zero");
    let meter = Arc::new(Meter::new(&warren_kernel::Kernel::new(), workers));
    Scheduler::start(&meter, tokio.handle(), 4).expect("starts")
}

/// Keeps a worker busy until the returned sender is dropped.
fn occupy(scheduler: &Scheduler) -> mpsc::Sender<()> {
    let (busy, is_busy) = mpsc::channel();
    let (free, is_free) = mpsc::channel::<()>();
    spawn(scheduler, async move {
        busy.send(()).expect("the test waits");
        // An error is the expected answer: the sender is dropped.
        let _ = is_free.recv_timeout(PATIENCE);
    });
    is_busy.recv_timeout(PATIENCE).expect("it runs");
    free
}

#[test]
fn every_task_runs_wherever_it_was_woken() {
    const TASKS: usize = 1_000;
    let scheduler = Arc::new(scheduler(4));
    let (done, dones) = mpsc::channel();
    for number in 0..TASKS {
        let (here, done) = (Arc::clone(&scheduler), done.clone());
        spawn(&scheduler, async move {
            let (sender, receiver) = oneshot::channel();
            if number % 2 == 0 {
                spawn(&here, async move { sender.send(number).expect("it waits") });
            } else {
                thread::spawn(move || sender.send(number).expect("it waits"));
            }
            done.send(receiver.await.expect("it is sent"))
                .expect("the test waits");
        });
    }
    let mut numbers: Vec<_> = (0..TASKS)
        .map(|_| dones.recv_timeout(PATIENCE).expect("every task ends"))
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..TASKS).collect::<Vec<_>>());
}

#[test]
fn a_task_that_yields_lets_all_others_run() {
    let scheduler = scheduler(1);
    let polls = Arc::new(AtomicUsize::new(0));
    for _ in 0..2 {
        let polls = Arc::clone(&polls);
        spawn(&scheduler, async move {
            loop {
                polls.fetch_add(1, Ordering::Relaxed);
                task::yield_now().await;
            }
        });
    }
    let (done, dones) = mpsc::channel();
    spawn(&scheduler, async move {
        // The others may have run for long before this one came.
        let before = polls.load(Ordering::Relaxed);
        for _ in 0..100 {
            task::yield_now().await;
        }
        done.send(polls.load(Ordering::Relaxed) - before)
            .expect("the test waits");
    });
    let polls = dones.recv_timeout(PATIENCE).expect("it runs");
    assert!(
        (100..1_000).contains(&polls),
        "{polls} polls of others in 100"
    );
}

/// Returns the turns of a hundred tasks after each of four yields of a task that wakes them
/// all before each yield. `preempted` makes the yields ends of slices.
fn turns_beside_a_sender(preempted: bool) -> Vec<usize> {
    const TASKS: usize = 100;
    let scheduler = scheduler(1);
    let turns = Arc::new(AtomicUsize::new(0));
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..TASKS)
        .map(|_| tokio::sync::mpsc::unbounded_channel())
        .unzip();
    let waiting = Arc::new(AtomicUsize::new(0));
    for mut receiver in receivers {
        let (turns, waiting) = (Arc::clone(&turns), Arc::clone(&waiting));
        spawn(&scheduler, async move {
            waiting.fetch_add(1, Ordering::Relaxed);
            while let Some(()) = receiver.recv().await {
                turns.fetch_add(1, Ordering::Relaxed);
                while receiver.try_recv().is_ok() {}
            }
        });
    }
    let (done, dones) = mpsc::channel();
    spawn(&scheduler, async move {
        while waiting.load(Ordering::Relaxed) < TASKS {
            task::yield_now().await;
        }
        let mut seen = Vec::new();
        for _ in 0..4 {
            for sender in &senders {
                sender.send(()).expect("it waits");
            }
            if preempted {
                slice_is_over();
            }
            task::yield_now().await;
            seen.push(turns.load(Ordering::Relaxed));
        }
        done.send(seen).expect("the test waits");
    });
    dones.recv_timeout(PATIENCE).expect("it runs")
}

#[test]
fn tasks_that_a_preempted_sender_wakes_gather_messages() {
    assert_eq!(turns_beside_a_sender(true), [0, 0, 0, 100]);
    assert_eq!(turns_beside_a_sender(false), [100, 200, 300, 400]);
}

#[test]
fn a_pair_that_talks_does_not_shut_out_others() {
    let scheduler = scheduler(1);
    let (to_a, mut at_a) = tokio::sync::mpsc::unbounded_channel();
    let (to_b, mut at_b) = tokio::sync::mpsc::unbounded_channel();
    to_a.send(()).expect("its end is there");
    spawn(&scheduler, async move {
        while at_a.recv().await.is_some() && to_b.send(()).is_ok() {}
    });
    spawn(&scheduler, async move {
        while at_b.recv().await.is_some() && to_a.send(()).is_ok() {}
    });
    let (done, dones) = mpsc::channel();
    spawn(&scheduler, async move {
        for _ in 0..100 {
            task::yield_now().await;
        }
        done.send(()).expect("the test waits");
    });
    dones.recv_timeout(PATIENCE).expect("it runs");
}

#[test]
fn a_task_behind_a_busy_task_is_stolen_by_another_worker() {
    let scheduler = Arc::new(scheduler(2));
    let (done, dones) = mpsc::channel();
    let here = Arc::clone(&scheduler);
    spawn(&scheduler, async move {
        let ((to_a, at_a), (to_b, at_b)) = (mpsc::channel(), mpsc::channel());
        for (other, own) in [(to_a, at_b), (to_b, at_a)] {
            let done = done.clone();
            spawn(&here, async move {
                // Each blocks its worker until the other runs.
                other.send(()).expect("the other has not ended");
                done.send(own.recv_timeout(PATIENCE))
                    .expect("the test waits");
            });
        }
    });
    for _ in 0..2 {
        let met = dones.recv_timeout(2 * PATIENCE).expect("both end");
        met.expect("they run side by side");
    }
}

#[test]
fn a_panic_ends_its_task_alone() {
    let scheduler = scheduler(1);
    spawn(&scheduler, async {
        std::panic::resume_unwind(Box::new("on purpose"))
    });
    let (done, dones) = mpsc::channel();
    spawn(
        &scheduler,
        async move { done.send(()).expect("the test waits") },
    );
    dones.recv_timeout(PATIENCE).expect("the worker goes on");
}

#[test]
fn the_last_task_may_drop_the_scheduler() {
    let scheduler = Arc::new(scheduler(2));
    let (done, dones) = mpsc::channel();
    let own = Arc::clone(&scheduler);
    spawn(&scheduler, async move {
        while Arc::strong_count(&own) > 1 {
            task::yield_now().await;
        }
        drop(own);
        done.send(()).expect("the test waits");
    });
    drop(scheduler);
    dones
        .recv_timeout(PATIENCE)
        .expect("it does not wait for itself");
}

#[test]
fn tasks_that_never_end_do_not_keep_the_threads() {
    let scheduler = scheduler(2);
    let (dropped, drops) = mpsc::channel::<()>();
    spawn(&scheduler, async move {
        let _kept = dropped;
        loop {
            task::yield_now().await;
        }
    });
    spawn(&scheduler, pending());
    drop(scheduler);
    // Nobody sends; the sender is dropped with its task.
    assert_eq!(
        drops.recv_timeout(PATIENCE),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn a_task_nobody_waits_for_any_more_is_dropped() {
    let scheduler = scheduler(1);
    let (dropped, drops) = mpsc::channel::<()>();
    let task = scheduler.spawn(0, async move {
        let _kept = dropped;
        pending::<()>().await;
    });
    drop(task);
    // Nobody sends; the sender is dropped with its task.
    assert_eq!(
        drops.recv_timeout(PATIENCE),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn many_tasks_of_one_host_do_not_hold_up_another() {
    const CROWD: usize = 2_000;
    let scheduler = scheduler(1);
    let clock = Arc::clone(&scheduler.shared);
    let polls = Arc::new(AtomicUsize::new(0));
    for _ in 0..CROWD {
        let (polls, clock) = (Arc::clone(&polls), Arc::clone(&clock));
        let computes = async move {
            loop {
                polls.fetch_add(1, Ordering::Relaxed);
                // Advances the clock by a fifth of a host's turn, as a ticker would.
                clock.meter.advance_clock(200_000);
                task::yield_now().await;
            }
        };
        scheduler.spawn(1, computes).detach();
    }
    let (done, dones) = mpsc::channel();
    let alone = async move {
        // Until the whole crowd queues in its lane.
        while !clock.injected.is_empty() {
            clock.meter.advance_clock(1_000_000);
            task::yield_now().await;
        }
        let before = polls.load(Ordering::Relaxed);
        for _ in 0..100 {
            clock.meter.advance_clock(1_000_000);
            task::yield_now().await;
        }
        done.send(polls.load(Ordering::Relaxed) - before)
            .expect("the test waits");
    };
    scheduler.spawn(2, alone).detach();
    let polls = dones.recv_timeout(PATIENCE).expect("it runs");
    assert!(
        polls <= 100 * 6,
        "{polls} polls of the crowd in 100 of another host"
    );
}

#[test]
fn many_timers_of_one_host_do_not_hold_up_another() {
    const CROWD: usize = 1_000;
    let scheduler = scheduler(1);
    let free = occupy(&scheduler);
    // This thread is no worker: each of these is woken from elsewhere.
    let (ran, runs) = mpsc::channel();
    for host in [1; CROWD].into_iter().chain([2]) {
        let ran = ran.clone();
        let runs = async move { ran.send(host).expect("the test waits") };
        scheduler.spawn(host, runs).detach();
    }
    drop(free);
    let mut order = (0..=CROWD).map(|_| runs.recv_timeout(PATIENCE).expect("all run"));
    let before = order.position(|host| host == 2).expect("it runs");
    assert!(before <= 1, "{before} tasks of the crowd ran first");
}

#[test]
fn tasks_from_elsewhere_come_between_a_pair_of_another_host_once_in_a_turn() {
    const CROWD: usize = 1_000;
    const TRIPS: usize = 2_000;
    let scheduler = scheduler(1);
    let clock = Arc::clone(&scheduler.shared.meter);
    let free = occupy(&scheduler);
    let crowd = Arc::new(AtomicUsize::new(0));
    for _ in 0..CROWD {
        let (crowd, clock) = (Arc::clone(&crowd), Arc::clone(&clock));
        let runs = async move {
            crowd.fetch_add(1, Ordering::Relaxed);
            clock.advance_clock(20_000);
        };
        scheduler.spawn(1, runs).detach();
    }
    let (to_ping, mut at_ping) = tokio::sync::mpsc::unbounded_channel();
    let (to_pong, mut at_pong) = tokio::sync::mpsc::unbounded_channel();
    let of_pong = Arc::clone(&clock);
    let pong = async move {
        while at_pong.recv().await.is_some() && to_ping.send(()).is_ok() {
            of_pong.advance_clock(2_000);
        }
    };
    scheduler.spawn(2, pong).detach();
    let (done, dones) = mpsc::channel();
    let ping = async move {
        let ran = || crowd.load(Ordering::Relaxed);
        let mut disturbed = 0;
        for _ in 0..TRIPS {
            let before = ran();
            clock.advance_clock(2_000);
            to_pong.send(()).expect("pong waits");
            at_ping.recv().await.expect("pong answers");
            disturbed += usize::from(ran() > before);
        }
        done.send((disturbed, ran())).expect("the test waits");
    };
    scheduler.spawn(2, ping).detach();
    drop(free);
    // 250 round trips are a turn, as are 50 tasks of the crowd.
    let (disturbed, ran) = dones.recv_timeout(PATIENCE).expect("they talk");
    assert!(
        disturbed <= TRIPS / 100,
        "{disturbed} of {TRIPS} round trips"
    );
    assert!(ran >= 200, "the crowd has its turns: {ran} tasks");
}

#[test]
fn a_pair_does_not_shut_out_tasks_from_elsewhere_while_the_clock_stands_still() {
    let scheduler = scheduler(1);
    let (to_a, mut at_a) = tokio::sync::mpsc::unbounded_channel();
    let (to_b, mut at_b) = tokio::sync::mpsc::unbounded_channel();
    to_a.send(()).expect("its end is there");
    let a = async move { while at_a.recv().await.is_some() && to_b.send(()).is_ok() {} };
    scheduler.spawn(1, a).detach();
    let b = async move { while at_b.recv().await.is_some() && to_a.send(()).is_ok() {} };
    scheduler.spawn(1, b).detach();
    // The scheduler learns by the first ones that the tasks of the pair are short.
    for _ in 0..20 {
        let (done, dones) = mpsc::channel();
        let other = async move { done.send(()).expect("the test waits") };
        scheduler.spawn(2, other).detach();
        dones.recv_timeout(PATIENCE).expect("it runs");
    }
}

#[test]
fn tasks_from_elsewhere_go_before_tasks_that_use_their_slices() {
    /// The poll before which the computing task waits for the first time.
    const FIRST: usize = 100;
    let scheduler = scheduler(1);
    let clock = Arc::clone(&scheduler.shared.meter);
    let polls = Arc::new(AtomicUsize::new(0));
    let (pause, pauses) = mpsc::channel();
    let (go, goes) = mpsc::channel();
    let counted = Arc::clone(&polls);
    let computes = async move {
        for poll in 0.. {
            if (FIRST..FIRST + 3).contains(&poll) {
                pause.send(()).expect("the test waits");
                goes.recv_timeout(PATIENCE).expect("the test goes on");
            }
            counted.store(poll + 1, Ordering::Relaxed);
            clock.advance_clock(250_000);
            task::yield_now().await;
        }
    };
    scheduler.spawn(1, computes).detach();
    for round in 0..3 {
        pauses.recv_timeout(PATIENCE).expect("it comes so far");
        let (ran, runs) = mpsc::channel();
        let polls = Arc::clone(&polls);
        let other = async move {
            ran.send(polls.load(Ordering::Relaxed))
                .expect("the test waits")
        };
        scheduler.spawn(2, other).detach();
        go.send(()).expect("it waits");
        let polls = runs.recv_timeout(PATIENCE).expect("it runs");
        assert!(polls <= FIRST + round + 2, "{polls} polls in round {round}");
    }
}

#[test]
fn a_task_of_a_seeded_run_that_never_waits_keeps_no_other_from_running() {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("builds");
    let meter = Meter::new(&warren_kernel::Kernel::new(), NonZeroUsize::MIN);
    let simulation = Arc::new(Simulation::new(1, false));
    let scheduler = Scheduler::start_seeded(&Arc::new(meter), tokio.handle(), simulation);
    let scheduler = scheduler.expect("starts");
    let (tell, told) = oneshot::channel();
    let (done, is_done) = mpsc::channel();
    let has_answer = Arc::new(AtomicBool::new(false));
    let answer = Arc::clone(&has_answer);
    spawn(&scheduler, async move {
        told.await.expect("the test tells it");
        answer.store(true, Ordering::Relaxed);
        done.send(()).expect("the test waits");
    });
    let (busy, is_busy) = mpsc::channel();
    spawn(&scheduler, async move {
        busy.send(()).expect("the test waits");
        while !has_answer.load(Ordering::Relaxed) {
            task::yield_now().await;
        }
    });
    is_busy.recv_timeout(PATIENCE).expect("it runs");
    tell.send(()).expect("it waits");
    is_done.recv_timeout(PATIENCE).expect("it runs");
}
