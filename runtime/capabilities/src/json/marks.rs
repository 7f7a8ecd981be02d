//! The parts of a value that schemas have evaluated, for `unevaluatedItems` and
//! `unevaluatedProperties`.

/// Elements or members that were evaluated, by their places.
#[derive(Debug)]
pub(super) struct Marks {
    /// False where nobody asks.
    is_on: bool,
    all: bool,
    places: Vec<bool>,
}

impl Marks {
    pub(super) fn new(is_on: bool) -> Marks {
        Marks {
            is_on,
            all: false,
            places: Vec::new(),
        }
    }

    pub(super) fn mark(&mut self, place: usize) {
        if !self.is_on {
            return;
        }
        if self.places.len() <= place {
            self.places.resize(place + 1, false);
        }
        self.places[place] = true;
    }

    pub(super) fn mark_all(&mut self) {
        self.all = true;
    }

    pub(super) fn has(&self, place: usize) -> bool {
        self.all || self.places.get(place).copied().unwrap_or_default()
    }

    /// Adds the marks of a schema that holds for the same value.
    pub(super) fn merge(&mut self, other: &Marks) {
        self.all |= other.all;
        if self.places.len() < other.places.len() {
            self.places.resize(other.places.len(), false);
        }
        for (mark, more) in self.places.iter_mut().zip(&other.places) {
            *mark |= more;
        }
    }

    /// Returns the work of a merge with these marks.
    pub(super) fn work(&self) -> u64 {
        1 + self.places.len() as u64 / 16
    }
}
