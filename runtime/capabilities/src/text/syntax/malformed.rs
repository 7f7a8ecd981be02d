//! The refusal of a text that is no pattern.

/// The most times that a part is repeated, by its own count and those around it.
pub(super) const MAX_REPEAT: u32 = 1_000;

/// The reason for which a text is no pattern.
#[derive(Debug)]
pub(crate) struct Malformed {
    pub(crate) why: String,
    /// The limit that the pattern is beyond, if it is one.
    pub(crate) limit: Option<(&'static str, usize)>,
}

impl From<String> for Malformed {
    fn from(why: String) -> Malformed {
        Malformed { why, limit: None }
    }
}

impl From<&str> for Malformed {
    fn from(why: &str) -> Malformed {
        why.to_owned().into()
    }
}

/// A result that may be a refusal.
pub(super) type Checked<T = ()> = Result<T, Malformed>;

/// Returns the refusal of a pattern with a part that may be repeated too often.
pub(super) fn too_often(what: impl std::fmt::Display) -> Malformed {
    beyond("max_repeat", MAX_REPEAT as usize, what)
}

/// Returns the refusal of a pattern with more of something than there may be.
pub(super) fn beyond(limit: &'static str, most: usize, of: impl std::fmt::Display) -> Malformed {
    Malformed {
        why: format!("more than {most} {of}"),
        limit: Some((limit, most)),
    }
}
