//! The flags of a pattern.

/// Flags that are set, unset or left as they are: `i`, `m`, `s` and `U`.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Flags(pub(super) [Option<bool>; 4]);

pub(super) const FLAGS: [char; 4] = ['i', 'm', 's', 'U'];

impl Flags {
    /// Sets the flags that come later in the pattern.
    pub(super) fn add(&mut self, later: Flags) {
        for (flag, later) in self.0.iter_mut().zip(later.0) {
            *flag = later.or(*flag);
        }
    }
}

impl std::fmt::Display for Flags {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let of = |wanted| {
            let flags = FLAGS.iter().zip(self.0);
            flags.filter(move |(_, is_set)| *is_set == Some(wanted))
        };
        of(true).try_for_each(|(flag, _)| write!(f, "{flag}"))?;
        if of(false).next().is_some() {
            f.write_str("-")?;
        }
        of(false).try_for_each(|(flag, _)| write!(f, "{flag}"))
    }
}
