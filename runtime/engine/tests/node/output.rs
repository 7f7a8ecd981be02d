//! Output that nobody reads.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use warren_engine::{Sink, Stream};
use warren_kernel::Activity;

use crate::support::{Setup, World, guest, in_time, until};

/// A sink that blocks until it is released, and keeps what is written to it.
struct Held {
    go: Option<mpsc::Receiver<()>>,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Sink for Held {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        if let Some(go) = self.go.take() {
            // Returns when the other side is dropped.
            let _ = go.recv();
        }
        self.written.lock().unwrap().extend_from_slice(bytes);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_terminated_does_not_wait_for_the_reader_of_its_last_line() {
    let (hold, go) = mpsc::channel();
    let written = Arc::default();
    let world = World::set_up(Setup {
        sink: Some(Box::new(Held {
            go: Some(go),
            written: Arc::clone(&written),
        })),
        ..Setup::default()
    });
    world.define(
        "t:unfinished",
        &guest(
            r#"(data (i32.const 0) "unfinished")"#,
            "(call $stdio.write (i32.const 0) (i32.const 0) (i32.const 10))
             (drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 0) (i32.const 0)))",
        ),
    );
    world.define(
        "t:flood",
        &guest(
            r#"(data (i32.const 0) "x\n")"#,
            "(loop (call $stdio.write (i32.const 0) (i32.const 0) (i32.const 2)) (br 0))",
        ),
    );
    let mut unfinished = world.start("t:unfinished").await;
    until(&unfinished, Activity::Waiting).await;
    let mut flood = world.start("t:flood").await;
    // The queue is full.
    until(&flood, Activity::Blocked).await;
    world.terminate(&unfinished);
    in_time(unfinished.wait()).await;
    world.terminate(&flood);
    in_time(flood.wait()).await;
    drop(hold);
    in_time(world.node.terminate_all(std::time::Duration::from_secs(60))).await;
    let written = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    assert!(written.ends_with("x\nunfinished"), "{written}");
    world.assert_empty();
}
