//! The shares of the log that one process and one host may take.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Most bytes of waiting records of all processes.
const QUEUE: usize = 8 << 20;

/// Most bytes of waiting records of one host.
const OF_HOST: usize = QUEUE / 2;

/// Most bytes of waiting records of one process.
const OF_PROCESS: usize = QUEUE / 8;

/// Number of accounts from which on idle ones are removed.
const ACCOUNTS: usize = 1024;

/// The process and the host that an entry is charged to.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    /// The number of the process, if the entry counts against its own limits.
    pub(super) process: Option<u64>,
    /// The number of the host.
    pub(super) host: usize,
    pub(super) limits: Limits,
}

/// Limits in bytes per second.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// For each process.
    pub(crate) process: u64,
    /// For all processes of the host.
    pub(crate) host: u64,
}

/// The reason for which an entry has no room.
pub(super) enum Full {
    /// Waiting records take all the room of this owner.
    NoRoom,
    /// The owner has logged more than its limit; the next record has room after this
    /// time.
    TooFast(Duration),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Process(u64),
    Host(usize),
}

struct Account {
    /// Bytes of its records in the queue.
    waiting: usize,
    /// Bytes logged beyond the limit as of `at`; they decay with time.
    owed: u64,
    at: Instant,
}

/// The accounts of all owners.
#[derive(Default)]
pub(super) struct Shares {
    waiting: usize,
    accounts: HashMap<Holder, Account>,
    /// Accounts that were left after the last sweep.
    kept: usize,
}

impl Owner {
    /// Returns each account that is charged, with its room in the queue and its rate.
    fn holders(&self) -> impl Iterator<Item = (Holder, usize, u64)> + use<> {
        let process = self.process;
        let process =
            process.map(|number| (Holder::Process(number), OF_PROCESS, self.limits.process));
        let host = (Holder::Host(self.host), OF_HOST, self.limits.host);
        process.into_iter().chain([host])
    }
}

impl Shares {
    /// Charges an entry of this size.
    ///
    /// # Errors
    ///
    /// The reason for which it has no room; nothing is charged then.
    pub(super) fn take(&mut self, owner: &Owner, size: usize, now: Instant) -> Result<(), Full> {
        if self.waiting + size > QUEUE {
            return Err(Full::NoRoom);
        }
        for (holder, room, rate) in owner.holders() {
            let Some(account) = self.accounts.get_mut(&holder) else {
                continue;
            };
            if account.waiting + size > room {
                return Err(Full::NoRoom);
            }
            account.forget(rate, now);
            // The debt may grow to the limit of one second.
            if let Some(beyond) = account.owed.checked_sub(rate) {
                return Err(Full::TooFast(time_for(beyond + 1, rate)));
            }
        }
        for (holder, _, _) in owner.holders() {
            let account = self.accounts.entry(holder).or_insert(Account {
                waiting: 0,
                owed: 0,
                at: now,
            });
            account.waiting += size;
            account.owed += size as u64;
        }
        self.waiting += size;
        self.sweep(owner, now);
        Ok(())
    }

    /// Gives back the room of an entry that has left the queue.
    pub(super) fn give_back(&mut self, owner: &Owner, size: usize) {
        self.waiting = self.waiting.saturating_sub(size);
        for (holder, _, _) in owner.holders() {
            if let Some(account) = self.accounts.get_mut(&holder) {
                account.waiting = account.waiting.saturating_sub(size);
            }
        }
    }

    /// Removes idle accounts if there are many.
    fn sweep(&mut self, owner: &Owner, now: Instant) {
        if self.accounts.len() < 2 * self.kept + ACCOUNTS {
            return;
        }
        // Accounts of other hosts may have another rate; theirs are then removed a
        // moment too early or too late.
        let rate = owner.limits.process;
        self.accounts.retain(|_, account| {
            account.forget(rate, now);
            account.waiting > 0 || account.owed > 0
        });
        self.kept = self.accounts.len();
    }
}

impl Account {
    fn forget(&mut self, rate: u64, now: Instant) {
        let since = now.saturating_duration_since(self.at);
        let allowed = u128::from(rate) * since.as_nanos() / 1_000_000_000;
        // `at` stays until a whole byte is allowed, so short steps are not lost to
        // rounding.
        if allowed > 0 {
            let allowed = u64::try_from(allowed).unwrap_or(u64::MAX);
            self.owed = self.owed.saturating_sub(allowed);
            self.at = now;
        }
    }
}

/// Returns the time in which the rate allows this many bytes.
fn time_for(bytes: u64, rate: u64) -> Duration {
    Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        process: 1_000,
        host: 10_000,
    };

    fn owner(process: u64) -> Owner {
        Owner {
            process: Some(process),
            host: 0,
            limits: LIMITS,
        }
    }

    #[test]
    fn a_process_that_logs_too_fast_waits_and_others_do_not() {
        let (mut shares, start) = (Shares::default(), Instant::now());
        let mut logged = 0;
        let wait = loop {
            match shares.take(&owner(1), 100, start) {
                Ok(()) => logged += 100,
                Err(Full::TooFast(wait)) => break wait,
                Err(Full::NoRoom) => panic!("there is room"),
            }
        };
        assert_eq!(logged, 1_000);
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(1));
        assert!(shares.take(&owner(1), 100, start + wait).is_ok());
        assert!(shares.take(&owner(2), 100, start).is_ok());
        // All of the host together have a limit of their own.
        let fast = (3..).find(|process| shares.take(&owner(*process), 900, start).is_err());
        assert!(fast.is_some_and(|process| process < 20), "{fast:?}");
    }

    #[test]
    fn one_process_leaves_room_for_others_and_one_host_for_another() {
        let limits = Limits {
            process: u64::MAX,
            host: u64::MAX,
        };
        let of = |process, host| Owner {
            process: Some(process),
            host,
            limits,
        };
        let (mut shares, now) = (Shares::default(), Instant::now());
        let fill = |shares: &mut Shares, owner: Owner| {
            while shares.take(&owner, 1_000, now).is_ok() {}
        };
        fill(&mut shares, of(1, 0));
        assert!(shares.take(&of(2, 0), 1_000, now).is_ok());
        for process in 2..100 {
            fill(&mut shares, of(process, 0));
        }
        assert!(shares.take(&of(100, 0), 1_000, now).is_err());
        assert!(shares.take(&of(101, 1), 1_000, now).is_ok());
        shares.give_back(&of(1, 0), 1_000);
        assert!(shares.take(&of(100, 0), 1_000, now).is_ok());
    }

    #[test]
    fn a_process_that_logs_no_more_is_forgotten() {
        let (mut shares, start) = (Shares::default(), Instant::now());
        let each = Duration::from_millis(50);
        for process in 0..100_000_u32 {
            let (owner, now) = (owner(process.into()), start + each * process);
            assert!(shares.take(&owner, 10, now).is_ok());
            shares.give_back(&owner, 10);
        }
        assert!(shares.accounts.len() <= 2 * ACCOUNTS);
    }
}
