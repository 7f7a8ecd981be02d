//! The results, as a table or as JSON. Times are milliseconds.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::statistics::{median, quantile, sorted_ms};

/// All results.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) connections: usize,
    pub(crate) closed: Closed,
    /// Requests a second in the paced rounds.
    pub(crate) rate: f64,
    pub(crate) plain: Beside,
    pub(crate) lua: Beside,
    pub(crate) changing: Changing,
}

/// Rounds of the Lua handler beside tenants that come, change and go.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Changing {
    /// Tenants that were added, replaced and removed meanwhile.
    pub(crate) tenants: usize,
    pub(crate) rounds: Vec<Round>,
}

/// Rounds without a pace.
#[derive(Debug, Serialize)]
pub(crate) struct Closed {
    pub(crate) plain: Vec<Round>,
    pub(crate) lua: Vec<Round>,
}

/// Rounds at a certain rate of requests, without and with the loop of another
/// tenant.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Beside {
    pub(crate) quiet: Vec<Round>,
    pub(crate) looping: Vec<Round>,
}

/// One round.
#[derive(Debug, Serialize)]
pub(crate) struct Round {
    pub(crate) requests: usize,
    pub(crate) per_second: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Round {
    /// Returns the figures of requests with these durations, in a round of this
    /// length.
    pub(crate) fn new(took: &[Duration], length: Duration) -> Round {
        let ms = sorted_ms(took);
        Round {
            requests: ms.len(),
            per_second: ms.len() as f64 / length.as_secs_f64(),
            p50: quantile(&ms, 0.5),
            p99: quantile(&ms, 0.99),
        }
    }
}

impl Beside {
    /// Returns whether the median p99 of the rounds with the loop lies within
    /// that of the rounds without.
    fn within_noise(&self) -> bool {
        let noise = self.quiet.iter().map(|round| round.p99);
        median(self.looping.iter().map(|round| round.p99)) <= noise.fold(0.0, f64::max)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Closed { plain, lua } = &self.closed;
        writeln!(
            f,
            "{} connections, each of which asks again when it is answered\n",
            self.connections
        )?;
        writeln!(
            f,
            "{:24} {:>10} {:>9} {:>9}",
            "", "requests/s", "p50 ms", "p99 ms"
        )?;
        for (what, rounds) in [("plain axum handler", plain), ("Lua handler", lua)] {
            let [per_second, p50, p99] = medians(rounds);
            writeln!(f, "{what:24} {per_second:>10.0} {p50:>9.2} {p99:>9.2}")?;
        }
        writeln!(
            f,
            "\n{:.0} requests/s to one tenant, beside an endless loop of another\n",
            self.rate
        )?;
        let heading = ["", "p50 ms", "p99 ms", "least", "most"];
        let [what, p50, p99, least, most] = heading;
        writeln!(f, "{what:24} {p50:>10} {p99:>9} {least:>9} {most:>9}")?;
        for (what, rounds) in [
            ("plain, without", &self.plain.quiet),
            ("plain, with", &self.plain.looping),
            ("Lua, without", &self.lua.quiet),
            ("Lua, with", &self.lua.looping),
            ("Lua, changing tenants", &self.changing.rounds),
        ] {
            let [_, p50, p99] = medians(rounds);
            let all = || rounds.iter().map(|round| round.p99);
            let (least, most) = (
                all().fold(f64::INFINITY, f64::min),
                all().fold(0.0, f64::max),
            );
            writeln!(
                f,
                "{what:24} {p50:>10.2} {p99:>9.2} {least:>9.2} {most:>9.2}"
            )?;
        }
        writeln!(
            f,
            "\nmedians of {} rounds; least and most are p99 of single rounds\n\
             p99 with the loop within the noise of rounds without: plain {}, Lua {}",
            self.lua.quiet.len(),
            yes(self.plain.within_noise()),
            yes(self.lua.within_noise()),
        )?;
        writeln!(
            f,
            "{} tenants were added, replaced and removed meanwhile; no request of the others failed",
            self.changing.tenants,
        )
    }
}

/// Returns the medians of requests a second, p50 and p99.
fn medians(rounds: &[Round]) -> [f64; 3] {
    let of = |what: fn(&Round) -> f64| median(rounds.iter().map(what));
    [
        of(|round| round.per_second),
        of(|round| round.p50),
        of(|round| round.p99),
    ]
}

fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}
