//! The effect of an apply, in words.

use serde::{Deserialize, Serialize};

use crate::exit::Exit;
use crate::report::failure::Failure;

/// A change that is in place, as the program answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InPlace {
    /// The number of the version that is in place.
    pub(crate) version: u64,
    /// False if processes of removed hosts or services have not ended yet, or a service that
    /// was added is not up.
    pub(crate) settled: bool,
    /// The error of a service that is not up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service_error: Option<String>,
}

impl InPlace {
    /// Returns the exit of a command that has put this in place.
    pub(crate) fn exit(&self) -> Exit {
        match &self.service_error {
            Some(_) => Exit::NotUp,
            None => Exit::Success,
        }
    }

    /// Returns the failure of a service that is not up.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let error = self.service_error.as_ref()?;
        Some(Failure {
            help: Some(
                "the version is in place: mend the service and apply again, or take the version \
                 before by `warren apply --rollback`"
                    .to_owned(),
            ),
            ..Failure::new(self.exit(), error.clone())
        })
    }
}

/// Returns what is in place, as lines.
pub(crate) fn in_place(in_place: &InPlace) -> String {
    let mut lines = format!("version {} is in place\n", in_place.version);
    if !in_place.settled && in_place.service_error.is_none() {
        lines.push_str("processes of removed hosts or services have not ended yet\n");
    }
    lines
}

/// Returns the failure of an apply, with the lines of its reasons.
pub(crate) fn refused(reasons: &str) -> Failure {
    Failure::new(
        Exit::Failed,
        format!("nothing was changed; the program goes on as it was\n{reasons}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_left_by_an_apply_is_told() {
        let mut told = InPlace {
            version: 3,
            settled: true,
            service_error: None,
        };
        assert_eq!(in_place(&told), "version 3 is in place\n");
        assert_eq!(
            (told.exit(), told.failure().is_none()),
            (Exit::Success, true)
        );
        told.settled = false;
        assert_eq!(
            in_place(&told),
            "version 3 is in place\n\
             processes of removed hosts or services have not ended yet\n"
        );
        told.service_error = Some("the service a is not up".to_owned());
        assert_eq!(in_place(&told), "version 3 is in place\n");
        let failure = told.failure().unwrap();
        assert_eq!(
            (failure.exit, &*failure.message),
            (Exit::NotUp, "the service a is not up")
        );
    }
}
