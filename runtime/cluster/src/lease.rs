//! The arithmetic of leases.
//!
//! Two clocks measure a lease: the holder's and that of the node that waits for its end. Both
//! are monotonic, and neither is ever compared with the other. Only their rates matter: each
//! may be wrong by ρ = 1 %, so a duration D of a clock is D / (1 + ρ) to D / (1 - ρ) in true
//! time.
//!
//! - The holder sends a renewal at its time s. The broker writes it at the true time w, under
//!   the revision r, at or after s. The holder counts its lease from s, for H of its clock. So
//!   it ceases to hold, at the latest, H / (1 - ρ) of true time after w.
//! - Another node reads r at its time t: at or after w in true time. It waits until L of its
//!   clock has passed since t: at least L / (1 + ρ) of true time after w. Then it writes over r
//!   by compare-and-set. A success shows that no renewal came after r, and that none ever can.
//!
//! So no two nodes hold if H / (1 - ρ) <= L / (1 + ρ). With H = 0.9 L that is 0.9091 <= 0.9901:
//! the rest, 8 % of the lease, is for the holder's processes to hear of their loss.
//!
//! A holder that is stopped finds its lease over when it goes on, because its clock goes on
//! while it is stopped ([`now`](crate::clock::now) counts the time of a suspended machine,
//! too). What it has begun to write outside before is what the tokens are for: they grow with
//! each holder, and what it writes to can refuse the smaller one.

use std::time::Duration;

use warren_kernel::Monotonic;

use crate::session::later;

/// Parts of 1000 of a lease for which its holder relies on it.
const HELD: u32 = 900;

/// Returns the time at which a holder ceases to hold: its renewal was sent at `sent`.
pub(crate) fn held_until(sent: Monotonic, lease: Duration) -> Monotonic {
    later(sent, lease.saturating_mul(HELD) / 1000)
}

/// Returns the time from which others may end the lease: they read its last renewal at `seen`.
pub(crate) fn over_at(seen: Monotonic, lease: Duration) -> Monotonic {
    later(seen, lease)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_ceases_to_hold_before_others_can_end_its_lease() {
        for seconds in [3, 10, 3600] {
            let lease = Duration::from_secs(seconds);
            // The worst case: the holder's clock is slow, the other one fast, and nothing
            // takes time.
            let held = held_until(Monotonic(0), lease).0 as f64 / 0.99;
            let over = over_at(Monotonic(0), lease).0 as f64 / 1.01;
            assert!(held < over, "{lease:?}: held {held}, over {over}");
            assert!(over - held > 0.07 * lease.as_nanos() as f64);
        }
    }
}
