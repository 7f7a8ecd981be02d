//! Points in time, as the embedder's clocks tell them.

/// A point on the wall clock: nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A point on a clock that never goes back: nanoseconds since some fixed point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Monotonic(pub u64);

/// The same point on both clocks: the one is shown to programs, the other is
/// what deadlines are measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Moment {
    /// On the wall clock.
    pub wall: Timestamp,
    /// On the clock that never goes back.
    pub monotonic: Monotonic,
}

impl Moment {
    /// The moment this many nanoseconds later, or the last there is.
    #[must_use]
    pub fn after(self, nanoseconds: u64) -> Moment {
        Moment {
            wall: Timestamp(self.wall.0.saturating_add_unsigned(nanoseconds)),
            monotonic: Monotonic(self.monotonic.0.saturating_add(nanoseconds)),
        }
    }
}
