//! The verdict of policies on values, which gives no rights.

/// The verdict of some policies on a request.
///
/// ```
/// use warren_engine::security::Verdict;
///
/// fn permits(verdict: Verdict) -> bool {
///     verdict == Verdict::Allow
/// }
///
/// assert!(!permits(Verdict::Undefined)); // a request that no statement matches
/// assert_eq!(Verdict::Undefined.as_str(), "undefined");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A statement permits the request, and none forbids it.
    Allow,
    /// A statement forbids the request.
    Deny,
    /// No statement matches.
    Undefined,
}

impl Verdict {
    /// The word for programs: `allow`, `deny` or `undefined`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Deny => "deny",
            Verdict::Undefined => "undefined",
        }
    }
}
