//! The run of one test, in a process of its own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::timeout;
use warren::app::Test;
use warren::{CallError, Ended, Error, Runtime, Spawn, Value};

use super::outcome::{Failure, Left, Tested};
use super::progress::Progress;
use super::{collector, left};

/// The topic of the messages of tests.
const TOPIC: &str = "test:update";

/// Runs a test to its end, which comes when its time is over at the latest. No process of
/// it lives on.
pub(super) async fn run(runtime: Runtime, test: Test, time: Duration) -> Tested {
    let begun = Instant::now();
    let progress = Arc::new(Mutex::new(Progress::default()));
    let (failure, left) = match attempt(&runtime, &test, time, &progress).await {
        Ok((end, left)) => (judge(end, &mut progress.lock()), left),
        Err(error) => (Some(Failure::of(&error.into())), Vec::new()),
    };
    let cases = std::mem::take(&mut progress.lock().cases);
    Tested {
        test,
        duration: begun.elapsed(),
        cases,
        failure,
        left,
    }
}

/// The end of a test's process.
enum End {
    /// It came by itself.
    Ended(Ended),
    /// The time was over.
    TimedOut(Failure),
}

/// Starts the test and collects its messages. Returns its end, and the processes that it
/// has left behind.
async fn attempt(
    runtime: &Runtime,
    test: &Test,
    time: Duration,
    progress: &Arc<Mutex<Progress>>,
) -> Result<(End, Vec<Left>), CallError> {
    let (stop, stopped) = oneshot::channel();
    let shared = Arc::clone(progress);
    let collector = runtime
        .spawn_native(
            Spawn::new(collector::DEFINITION).host(collector::HOST),
            move |ctx| collector::collect(ctx, shared, stopped),
        )
        .await?;
    let options = Value::Map(vec![
        (Value::from("pid"), Value::from(collector.pid().as_str())),
        (Value::from("topic"), Value::from(TOPIC)),
        (Value::from("ref_id"), Value::from(&*test.id)),
    ]);
    let spawn = Spawn::new(&*test.id).host(&*test.host).arg(options);
    let result = match runtime.spawn(spawn).await {
        Ok(process) => {
            let frame = process.frame().unwrap_or_default();
            match timeout(time, process.wait()).await {
                Ok(ended) => {
                    let left = left::end(runtime, &frame).await;
                    Ok((End::Ended(ended), left))
                }
                Err(_) => {
                    let (waiting, further) = left::stacks(runtime, &frame).await;
                    left::end_now(runtime, &frame).await;
                    let mut message = format!("not done within {time:?}");
                    if further > 0 {
                        message += &format!("\n{further} further processes are not shown");
                    }
                    let failure = Failure {
                        waiting,
                        ..Failure::new(message)
                    };
                    Ok((End::TimedOut(failure), Vec::new()))
                }
            }
        }
        Err(error) => Err(error),
    };
    // Fails if the collector was terminated; its messages are lost then.
    let _ = stop.send(());
    collector.wait().await;
    result
}

/// Returns the failure of a test that is none of a case's.
fn judge(end: End, progress: &mut Progress) -> Option<Failure> {
    let ended = match end {
        End::TimedOut(failure) => return progress.fail_running(failure),
        End::Ended(ended) => ended,
    };
    if let Some(status) = ended.status.filter(|status| *status != 0) {
        let failure = Failure::new(format!("the test called os.exit({status})"));
        return progress.fail_running(failure);
    }
    let result = match ended.result::<Value>() {
        Ok(result) => result,
        Err(error) => return progress.fail_running(Failure::of(&error.into())),
    };
    if progress.cases.is_empty() {
        progress.take_result(&result);
    }
    let failed = matches!(result.get("failed_tests"), Some(Value::Integer(1..)));
    if result == Value::Boolean(false) {
        Some(Failure::new("the test returned false"))
    } else if failed && !progress.has_failed() {
        Some(Failure::new("cases failed, of which there is no more news"))
    } else {
        match progress.not_ended() {
            0 => None,
            1 => Some(Failure::new("1 case did not run to its end")),
            cases => Some(Failure::new(format!(
                "{cases} cases did not run to their end"
            ))),
        }
    }
}

impl Failure {
    /// Returns the failure that a process ended with, or that kept it from starting.
    fn of(error: &Error) -> Failure {
        let message = error
            .without_message()
            .unwrap_or_else(|| error.message.clone());
        Failure {
            stack: error.stack.clone(),
            ..Failure::new(message)
        }
    }
}
