//! The effect of an apply, in words.

use serde::{Deserialize, Serialize};
use warren::text;

use crate::exit::Exit;
use crate::report::failure::Failure;

/// A change that is in place, as the program answers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct InPlace {
    /// The number of the version that is in place.
    pub(crate) version: u64,
    /// False if processes of removed hosts or services have not ended yet.
    pub(crate) settled: bool,
    /// The error of a service that could not be started at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service_error: Option<String>,
}

/// Returns what is in place, as lines.
pub(crate) fn in_place(in_place: &InPlace) -> String {
    let mut lines = format!("version {} is in place\n", in_place.version);
    if let Some(error) = &in_place.service_error {
        lines.push_str(&format!("{}; it is tried again\n", text::line(error)));
    }
    if !in_place.settled {
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
        told.settled = false;
        told.service_error = Some("the service a\nwas not started".to_owned());
        assert_eq!(
            in_place(&told),
            "version 3 is in place\n\
             the service a\\nwas not started; it is tried again\n\
             processes of removed hosts or services have not ended yet\n"
        );
    }
}
