//! A system clock that jumps: dates follow it, and nothing else does.
//!
//! A program of its own with one test: it puts another clock in the place of the system's.
#![cfg(target_os = "linux")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test program"
)]

mod alone;

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use warren::app::{Policies, TokenStore};
use warren::security::Scope;
use warren::{Code, Definition, Grants, Kind, Runtime, Source, Spawn};

use alone::{PATIENCE, builder, on_tokio};

/// The seconds of a jump, which are far more than [`PATIENCE`].
const HOUR: i64 = 3_600;

/// Seconds by which the clock is ahead of the system's.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// Stands for the function of the C library in this program.
// SAFETY: it has the type of that function, and does what that function does.
#[unsafe(no_mangle)]
extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> libc::c_int {
    // SAFETY: the caller gives a place for the time, as to the function of the C library.
    let status = unsafe { libc::syscall(libc::SYS_clock_gettime, libc::c_long::from(clock), time) };
    if status != 0 {
        return -1;
    }
    if clock == libc::CLOCK_REALTIME {
        // SAFETY: the system has written the time there.
        unsafe { (*time).tv_sec += AHEAD.load(Ordering::Relaxed) };
    }
    0
}

fn jump(ahead: i64) {
    AHEAD.store(ahead, Ordering::Relaxed);
}

/// Returns whether a time is that of the clock, less what a step of the test takes.
fn is_now(time: SystemTime) -> bool {
    let now = SystemTime::now();
    let apart = now
        .duration_since(time)
        .or_else(|_| time.duration_since(now));
    apart.unwrap() < PATIENCE
}

/// Sleeps, waits and calls with timeouts, beside a timer of an hour.
const TIMERS: &str = r#"return function()
    local long, ticker = time.after("1h"), time.ticker("2ms")
    local none = process.listen("nothing")
    for _ = 1, 20 do
        time.sleep("5ms")
        local value, open, why = none:receive("5ms")
        assert(value == nil and not open and why == "timeout", why)
        ticker:channel():receive()
    end
    local answer, err = funcs.new():with_options({ timeout = "10ms" }):call("app:waits")
    assert(answer == nil and err:kind() == errors.TIMEOUT, err)
    assert(funcs.new():with_options({ timeout = "1h" }):call("app:now"))
    local rung = channel.select { long:case_receive(), default = true }
    assert(not rung.channel, "a timer of an hour has rung")
end"#;

const NOW: &str = "return function() logger.info('now') return time.now():unix() end";

const CREATE: &str = r#"return function()
    local ts = assert(security.token_store("app:tokens"))
    return (assert(ts:create(security.new_actor("ada"), security.new_scope {})))
end"#;

const VALIDATE: &str = r#"return function(token)
    local ts = assert(security.token_store("app:tokens"))
    return (assert(ts:validate(token))):id()
end"#;

const REGISTER: &str = "return function() return process.registry.register('x') end";

const POLICY: &str = "permit (principal, action == Action::\"process.send\", resource);";

fn with_tokens(id: &str, code: &str) -> Definition {
    Definition {
        id: id.into(),
        code: Code::Lua(Source {
            name: "code.lua".into(),
            bytes: code.as_bytes().into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::new(Grants {
            tokens: ["app:tokens".to_owned()].into(),
            ..Grants::default()
        }),
    }
}

struct World {
    runtime: Runtime,
    policies: Arc<Policies>,
    logged: Arc<Mutex<Vec<SystemTime>>>,
}

impl World {
    fn start() -> World {
        let logged = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&logged);
        let policies = Arc::new(Policies::of([("none", POLICY)]).unwrap());
        let runtime = builder()
            .authorizer(Arc::clone(&policies) as _)
            .token_store(TokenStore {
                id: "app:tokens".into(),
                token_length: 16,
                expiration: Duration::from_secs(600),
                key: None,
                store: None,
            })
            .definition(with_tokens("app:create", CREATE))
            .definition(with_tokens("app:validate", VALIDATE))
            .lua("app:timers", TIMERS)
            .lua("app:now", NOW)
            .lua("app:register", REGISTER)
            .lua(
                "app:waits",
                "return function() process.listen('go'):receive() end",
            )
            .log(move |record| log.lock().unwrap().push(record.time))
            .start()
            .unwrap();
        World {
            runtime,
            policies,
            logged,
        }
    }

    async fn check_dates(&self) {
        for ahead in [0, HOUR, -HOUR] {
            jump(ahead);
            self.logged.lock().unwrap().clear();
            let seconds: u64 = self.runtime.exec("app:now").await.unwrap();
            assert!(is_now(
                SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
            ));
            let written = loop {
                if let Some(written) = self.logged.lock().unwrap().first() {
                    break *written;
                }
                tokio::task::yield_now().await;
            };
            assert!(is_now(written), "a record of the log");
        }
        jump(0);
    }

    /// The clock jumps all the time.
    async fn check_timers(&self) {
        let done = Arc::new(AtomicBool::new(false));
        let jumping = thread::spawn({
            let done = Arc::clone(&done);
            move || {
                for ahead in [HOUR, -HOUR, 0].into_iter().cycle() {
                    jump(ahead);
                    thread::sleep(Duration::from_millis(1));
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                }
            }
        });
        let begun = Instant::now();
        self.runtime.exec::<()>("app:timers").await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(200));
        let asked = self.runtime.spawn("app:waits").await.unwrap();
        asked.cancel(Some(Duration::from_millis(10))).unwrap();
        let ended = asked.wait().await.result::<()>().unwrap_err();
        assert_eq!(*ended.kind(), Kind::Canceled);
        done.store(true, Ordering::Relaxed);
        jumping.join().unwrap();
        jump(0);
    }

    async fn check_ages(&self) {
        let waits = self.runtime.spawn("app:waits").await.unwrap();
        waits.send("other", 1).unwrap();
        let hour = Duration::from_secs(HOUR as u64);
        waits.cancel(Some(hour)).unwrap();
        let inspector = self.runtime.inspector();
        for ahead in [0, HOUR, -HOUR, 2 * HOUR] {
            jump(ahead);
            let seen = inspector.process(waits.pid()).unwrap();
            let most = PATIENCE.as_millis() as u64;
            assert!(seen.process.age_ms < most, "{ahead}: {seen:?}");
            assert!(seen.process.oldest_ms.unwrap() < most, "{ahead}: {seen:?}");
            let left = seen.ends_within_ms.unwrap();
            let hour = hour.as_millis() as u64;
            assert!(left <= hour && left > hour - most, "{ahead}: {seen:?}");
        }
        jump(0);
        waits.terminate().unwrap();
        waits.wait().await;
    }

    async fn check_tokens(&self) {
        let token: String = self.runtime.exec("app:create").await.unwrap();
        for ahead in [HOUR, -HOUR, 0] {
            jump(ahead);
            let validate = Spawn::new("app:validate").arg(&token);
            assert_eq!(self.runtime.exec::<String>(validate).await.unwrap(), "ada");
        }
    }

    /// Lines of the audit log have the dates of the clock, in the order of the events.
    async fn check_audit(&self) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("audit");
        self.policies.audit_to(&path).unwrap();
        for ahead in [0, HOUR, -HOUR] {
            jump(ahead);
            let register = Spawn::new("app:register").scope(Scope {
                policies: vec!["none".to_owned()],
            });
            let refused = self.runtime.exec::<()>(register).await.unwrap_err();
            assert_eq!(*refused.kind(), Kind::PermissionDenied, "{refused}");
        }
        jump(0);
        assert!(self.policies.flush_audit(PATIENCE));
        let text = fs::read_to_string(&path).unwrap();
        let dates: Vec<&str> = text
            .lines()
            .filter(|line| line.contains(r#""event":"denied""#))
            .map(|line| line.split_once(r#""at":""#).unwrap().1)
            .collect();
        assert_eq!(dates.len(), 3, "{text}");
        assert!(dates[2] < dates[0] && dates[0] < dates[1], "{text}");
    }
}

#[test]
fn a_clock_that_jumps_moves_dates_and_nothing_else() {
    let before = SystemTime::now();
    jump(HOUR);
    assert!(
        before.elapsed().unwrap().as_secs() + 1 >= HOUR as u64,
        "the clock is another"
    );
    jump(0);
    on_tokio(async {
        let all = async {
            let world = World::start();
            world.check_dates().await;
            world.check_timers().await;
            world.check_ages().await;
            world.check_tokens().await;
            world.check_audit().await;
            world.runtime.shutdown(Duration::ZERO).await;
        };
        tokio::time::timeout(PATIENCE, all).await.expect("it ends");
    });
}
