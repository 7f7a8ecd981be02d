//! The times that a connection has: for the head of a request, between requests, and for
//! requests that clients give up.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use warren_engine::capability::web::WebTimeouts;

/// The most requests of one connection that its client gives up within [`WINDOW`]. HTTP/2
/// clients that open and reset streams cost more than they pay.
const MAX_GIVEN_UP: u32 = 100;

/// Time in which requests that were given up are counted.
const WINDOW: Duration = Duration::from_secs(10);

/// The state of a connection, by which its time is measured.
pub(super) struct Activity {
    state: Mutex<State>,
    read: Duration,
    idle: Duration,
    /// True for HTTP/2, where other frames than heads come between requests.
    has_frames: bool,
    /// Told when the client has given up too many requests.
    too_many: Notify,
}

struct State {
    /// Requests that are being answered.
    active: usize,
    /// True if a part of a head may have come.
    is_in_head: bool,
    /// True if any byte of the head has come.
    has_bytes: bool,
    since: Instant,
    given_up: u32,
    window: Instant,
    /// True if the last request had a body, of which a part may still be on its way.
    has_body: bool,
}

/// The reason to close a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expired {
    /// A head did not come in time. True if a part of it came.
    Head(bool),
    /// No request came for too long.
    Idle,
    /// The client has given up too many requests.
    GivenUp,
}

impl Activity {
    /// Returns the state of a connection that has just been made.
    pub(super) fn new(timeouts: &WebTimeouts, has_frames: bool) -> Arc<Activity> {
        let now = Instant::now();
        Arc::new(Activity {
            state: Mutex::new(State {
                active: 0,
                is_in_head: !has_frames,
                has_bytes: false,
                since: now,
                given_up: 0,
                window: now,
                has_body: false,
            }),
            read: timeouts.read,
            idle: timeouts.idle,
            has_frames,
            too_many: Notify::new(),
        })
    }

    /// Notes that bytes have come.
    pub(super) fn has_read(&self) {
        if self.has_frames {
            return;
        }
        let mut state = self.state.lock();
        if state.active > 0 {
            return;
        }
        state.has_bytes = true;
        if !state.is_in_head {
            state.is_in_head = true;
            state.since = Instant::now();
        }
    }

    /// Notes that the head of a request has come whole, and if a body follows it. The
    /// connection is busy until the value is dropped.
    pub(super) fn begin(self: &Arc<Self>, has_body: bool) -> Active {
        let mut state = self.state.lock();
        state.active += 1;
        state.has_body = has_body;
        state.is_in_head = false;
        state.has_bytes = false;
        drop(state);
        Active(Arc::clone(self))
    }

    /// Returns true if the last request had a body.
    pub(super) fn has_body(&self) -> bool {
        self.state.lock().has_body
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn expired(&self) -> Expired {
        let in_time = async {
            loop {
                match self.check() {
                    Ok(left) => tokio::time::sleep(left).await,
                    Err(expired) => return expired,
                }
            }
        };
        tokio::select! {
            expired = in_time => expired,
            () = self.too_many.notified() => Expired::GivenUp,
        }
    }

    /// Returns the time until the next look, which is never longer than a head has: a head
    /// that begins meanwhile is looked at in time.
    fn check(&self) -> Result<Duration, Expired> {
        let state = self.state.lock();
        if state.active > 0 {
            return Ok(self.read);
        }
        let most = if state.is_in_head {
            self.read
        } else {
            self.idle
        };
        let left = most.saturating_sub(state.since.elapsed());
        match (left.is_zero(), state.is_in_head) {
            (true, true) => Err(Expired::Head(state.has_bytes)),
            (true, false) => Err(Expired::Idle),
            (false, _) => Ok(left.min(self.read)),
        }
    }
}

/// A request that is being answered.
pub(super) struct Active(Arc<Activity>);

impl Active {
    /// Notes that the client gave the request up.
    pub(super) fn give_up(&self) {
        let mut state = self.0.state.lock();
        let now = Instant::now();
        if now.duration_since(state.window) > WINDOW {
            state.window = now;
            state.given_up = 0;
        }
        state.given_up += 1;
        if state.given_up > MAX_GIVEN_UP {
            drop(state);
            self.0.too_many.notify_one();
        }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.active -= 1;
        if state.active == 0 {
            state.since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUTS: WebTimeouts = WebTimeouts {
        read: Duration::from_millis(20),
        write: Duration::from_secs(60),
        idle: Duration::from_millis(40),
    };

    #[tokio::test]
    async fn a_head_and_the_time_between_requests_are_bounded() {
        let activity = Activity::new(&TIMEOUTS, false);
        assert_eq!(activity.expired().await, Expired::Head(false));
        activity.has_read();
        assert_eq!(activity.expired().await, Expired::Head(true));
        drop(activity.begin(false));
        assert_eq!(activity.expired().await, Expired::Idle);
        activity.has_read();
        assert_eq!(activity.expired().await, Expired::Head(true));
    }

    #[tokio::test]
    async fn a_connection_with_a_request_is_left_alone() {
        let activity = Activity::new(&TIMEOUTS, false);
        let active = activity.begin(false);
        let waits = tokio::time::timeout(TIMEOUTS.idle * 3, activity.expired()).await;
        assert!(waits.is_err());
        drop(active);
        assert_eq!(activity.expired().await, Expired::Idle);
    }

    #[tokio::test]
    async fn frames_are_no_heads() {
        let activity = Activity::new(&TIMEOUTS, true);
        activity.has_read();
        assert_eq!(activity.expired().await, Expired::Idle);
    }

    #[tokio::test]
    async fn a_client_may_not_give_up_all_the_time() {
        let activity = Activity::new(&TIMEOUTS, true);
        let active = activity.begin(false);
        for _ in 0..=MAX_GIVEN_UP {
            active.give_up();
        }
        assert_eq!(activity.expired().await, Expired::GivenUp);
    }
}
