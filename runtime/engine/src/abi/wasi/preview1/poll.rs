//! Waits for a time. Files are always ready.

use std::time::Duration;

use wasmtime::Caller;

use super::guest_memory::{put, size};
use super::{Done, Failure, table};
use crate::abi::flat::{memory_and_guest, range};
use crate::abi::wasi::errno::Errno;
use crate::abi::wasi::table::Descriptor;
use crate::guest::Guest;
use crate::guest::asleep::Asleep;

/// The most subscriptions of one call.
const MAX_SUBSCRIPTIONS: u32 = 1_024;

const SUBSCRIPTION: u32 = 48;

/// `subclockflags::subscription_clock_abstime`.
const ABSOLUTE: u16 = 1;

#[derive(Clone, Copy)]
struct Subscription {
    userdata: [u8; 8],
    about: About,
}

#[derive(Clone, Copy)]
enum About {
    /// A time on the clock of [`crate::guest::shared::Shared::monotonic`].
    Time {
        nanoseconds: u64,
    },
    Descriptor {
        number: u32,
        kind: u8,
    },
    /// An unknown clock.
    Unknown,
}

pub(super) async fn poll_oneoff(
    caller: &mut Caller<'_, Guest>,
    subscriptions: u32,
    events: u32,
    count: u32,
    out: u32,
) -> Done {
    if count == 0 || count > MAX_SUBSCRIPTIONS {
        return Err(Errno::INVAL.into());
    }
    let subscriptions = read(caller, subscriptions, count)?;
    let mut ready = ready(caller, &subscriptions)?;
    if ready.is_empty() {
        let times = subscriptions.iter().filter_map(|s| match s.about {
            About::Time { nanoseconds } => Some(nanoseconds),
            About::Descriptor { .. } | About::Unknown => None,
        });
        wait_until(caller, times.min().unwrap_or(0)).await;
        ready = self::ready(caller, &subscriptions)?;
    }
    put(caller, events, &ready.concat())?;
    put(caller, out, &size(ready.len()))
}

async fn wait_until(caller: &mut Caller<'_, Guest>, nanoseconds: u64) {
    let guest = caller.data();
    let shared = std::sync::Arc::clone(&guest.shared);
    let process = guest.process().ok().cloned();
    let wait = async move {
        let _asleep = process.map(Asleep::new);
        loop {
            let rest = nanoseconds.saturating_sub(shared.monotonic().0);
            if rest == 0 {
                return;
            }
            // A timer fires after a year at the latest, which may be too early.
            shared.timers.sleep(Duration::from_nanos(rest)).await;
        }
    };
    guest.control.outside(wait).await;
}

fn read(
    caller: &mut Caller<'_, Guest>,
    ptr: u32,
    count: u32,
) -> Result<Vec<Subscription>, Failure> {
    let (memory, guest) = memory_and_guest(caller)?;
    let bytes = range(memory, ptr, count * SUBSCRIPTION, "subscriptions")?;
    let now = guest.shared.now();
    let subscription = |bytes: &[u8]| {
        let mut userdata = [0; 8];
        userdata.copy_from_slice(&bytes[..8]);
        let about = match bytes[8] {
            0 => {
                let timeout = u64_at(bytes, 24);
                let absolute = u16_at(bytes, 40) & ABSOLUTE != 0;
                let wall = now.wall.0.cast_unsigned();
                match (u32_at(bytes, 16), absolute) {
                    (0 | 1, false) => Some(now.monotonic.0.saturating_add(timeout)),
                    (0, true) => Some(now.monotonic.0.saturating_add(timeout.saturating_sub(wall))),
                    (1, true) => Some(timeout),
                    _ => None,
                }
                .map_or(About::Unknown, |nanoseconds| About::Time { nanoseconds })
            }
            kind @ (1 | 2) => About::Descriptor {
                number: u32_at(bytes, 16),
                kind,
            },
            _ => return Err(Errno::INVAL.into()),
        };
        Ok(Subscription { userdata, about })
    };
    bytes
        .chunks_exact(SUBSCRIPTION as usize)
        .map(subscription)
        .collect()
}

/// The events of the subscriptions that are ready.
fn ready(
    caller: &mut Caller<'_, Guest>,
    subscriptions: &[Subscription],
) -> Result<Vec<[u8; 32]>, Failure> {
    let now = caller.data().shared.monotonic().0;
    let mut events = Vec::new();
    for subscription in subscriptions {
        let (error, kind, bytes) = match subscription.about {
            About::Time { nanoseconds } if nanoseconds <= now => (0, 0, 0),
            About::Time { .. } => continue,
            About::Unknown => (Errno::INVAL.0, 0, 0),
            About::Descriptor { number, kind } => {
                let found = table(caller.data_mut())?.get(number);
                let error = match (found, kind) {
                    (Ok(Descriptor::File(_)), _)
                    | (Ok(Descriptor::Input), 1)
                    | (Ok(Descriptor::Output(_)), 2) => 0,
                    _ => Errno::BADF.0,
                };
                (error, kind, 1)
            }
        };
        let mut event = [0; 32];
        event[..8].copy_from_slice(&subscription.userdata);
        event[8..10].copy_from_slice(&error.to_le_bytes());
        event[10] = kind;
        event[16..24].copy_from_slice(&u64::to_le_bytes(bytes));
        events.push(event);
    }
    Ok(events)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}
