//! The kinds of errors, in one list.

use std::sync::Arc;

/// Makes [`Kind`], the constants of [`kind`] and the conversions between them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $constant:ident $word:literal;)*) => {
        /// The kinds of the contract, and any other word a guest made up.
        ///
        /// ```
        /// use warren_values::{Kind, kind};
        ///
        /// assert_eq!(Kind::from("NotFound"), Kind::NotFound);
        /// assert_eq!(Kind::Timeout.as_str(), kind::TIMEOUT);
        /// assert_eq!(Kind::from("SoldOut"), Kind::Other("SoldOut".into()));
        /// ```
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
            /// A kind of the program's own.
            Other(Arc<str>),
        }

        /// The kinds of errors that the contract names. A program may use others.
        pub mod kind {
            $($(#[$doc])* pub const $constant: &str = $word;)*

            /// The name of each constant, and its value.
            pub const ALL: &[(&str, &str)] = &[$((stringify!($constant), $word)),*];
        }

        impl Kind {
            /// Returns the word that stands for this kind on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Kind::$variant => $word,)*
                    Kind::Other(word) => word,
                }
            }
        }

        impl From<&str> for Kind {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Kind::$variant,)*
                    other => Kind::Other(other.into()),
                }
            }
        }
    };
}

kinds! {
    /// No such process, name, definition or host.
    NotFound NOT_FOUND "NotFound";
    /// The name is taken.
    AlreadyExists ALREADY_EXISTS "AlreadyExists";
    /// The call can never succeed as it was made.
    Invalid INVALID "Invalid";
    /// The caller's actor and scope do not allow it.
    PermissionDenied PERMISSION_DENIED "PermissionDenied";
    /// A resource is unavailable at present.
    Unavailable UNAVAILABLE "Unavailable";
    /// A mistake in a program, or in the runtime.
    Internal INTERNAL "Internal";
    /// The process was ended from outside.
    Canceled CANCELED "Canceled";
    /// The call contradicts an earlier one.
    Conflict CONFLICT "Conflict";
    /// A deadline passed.
    Timeout TIMEOUT "Timeout";
    /// A limit is reached; the call may succeed later.
    RateLimited RATE_LIMITED "RateLimited";
    /// Nothing is known.
    Unknown UNKNOWN "";
}

impl Kind {
    /// The kinds of the contract that have a word: all but [`Kind::Unknown`].
    pub const NAMED: [&str; kind::ALL.len() - 1] = {
        let mut named = [""; kind::ALL.len() - 1];
        let mut place = 0;
        while place < named.len() {
            named[place] = kind::ALL[place].1;
            place += 1;
        }
        named
    };

    /// The kind with which a guest reports that it ran out of memory. If the runtime has
    /// refused the guest memory, the process ends with a `RateLimited` error that names the
    /// limit; to others the word is a kind as any.
    pub const OUT_OF_MEMORY: &str = "OutOfMemory";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_kinds_convert_both_ways() {
        assert!(Kind::NAMED.iter().all(|word| !word.is_empty()));
        for (_, word) in kind::ALL {
            let kind = Kind::from(*word);
            assert!(!matches!(kind, Kind::Other(_)), "{word}");
            assert_eq!(kind.as_str(), *word);
        }
        for own in ["Mine", Kind::OUT_OF_MEMORY] {
            assert_eq!(Kind::from(own), Kind::Other(own.into()));
        }
    }
}
