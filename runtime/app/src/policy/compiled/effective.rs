//! The policies that hold for a request, put together.

use std::fmt;
use std::sync::Arc;

use cedar_policy::PolicySet;
use warren_engine::security::Reuse;

use super::statements::Statements;
use crate::table::Table;

/// The policies of one scope.
pub(super) struct Effective {
    pub(super) set: PolicySet,
    pub(super) statements: usize,
    pub(super) reuse: Reuse,
}

/// The reason why the policies of a request cannot be put together.
pub(super) enum NotTogether {
    /// The scope names a policy that does not exist.
    Missing(String),
    /// Two statements have one id.
    Conflict(String),
}

impl fmt::Display for NotTogether {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotTogether::Missing(id) => {
                write!(f, "the scope names a policy `{id}`, which does not exist")
            }
            NotTogether::Conflict(error) => write!(f, "the policies cannot be combined: {error}"),
        }
    }
}

impl Effective {
    /// Puts the policies of these ids together.
    pub(super) fn of(
        ids: &[String],
        policies: &Table<Arc<Statements>>,
    ) -> Result<Effective, NotTogether> {
        let policies: Result<Vec<_>, _> = ids
            .iter()
            .map(|id| {
                let policy = policies.get(id);
                policy.ok_or_else(|| NotTogether::Missing(id.clone()))
            })
            .collect();
        let mut effective = Effective {
            set: PolicySet::new(),
            statements: 0,
            reuse: Reuse::Subject,
        };
        for (id, policy) in ids.iter().zip(policies?) {
            effective.statements += policy.all.len();
            for statement in &policy.all {
                if statement.reuse == Reuse::Caller {
                    effective.reuse = Reuse::Caller;
                }
                // Ids differ by construction: `NAME.cedar:LINE:COLUMN`.
                let added = effective.set.add(statement.policy.clone());
                added.map_err(|error| NotTogether::Conflict(format!("{id}: {error}")))?;
            }
        }
        Ok(effective)
    }
}
