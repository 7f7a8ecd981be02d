//! The result of a check.

use std::fmt::{self, Display};

use serde_json::{Value, json};
use warren::text;

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The need is met.
    Ok,
    /// The program works, and could work better or carry more.
    Note,
    /// The machine cannot meet the program's need.
    Failed,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The setting, by the name under which it is changed.
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    pub(super) present: Option<String>,
    pub(super) needed: Option<String>,
    /// The consequence, if there is one.
    pub(super) message: Option<String>,
    /// A command, or advice.
    pub(super) remedy: Option<String>,
    /// Other ways than the remedy.
    pub(super) others: Option<String>,
}

impl Finding {
    /// Returns a check that passes.
    pub(super) fn new(name: &'static str) -> Finding {
        Finding {
            name,
            verdict: Verdict::Ok,
            present: None,
            needed: None,
            message: None,
            remedy: None,
            others: None,
        }
    }

    /// Sets the machine's value.
    pub(super) fn present(self, present: impl Display) -> Finding {
        Finding {
            present: Some(present.to_string()),
            ..self
        }
    }

    /// Sets the machine's value, in bytes.
    pub(super) fn size(self, present: u64) -> Finding {
        self.present(bytes(present))
    }

    /// Sets the machine's value and the needed one.
    pub(super) fn values(self, present: u64, needed: u64) -> Finding {
        Finding {
            needed: Some(needed.to_string()),
            ..self.present(present)
        }
    }

    /// Sets the machine's value and the needed one, in bytes.
    pub(super) fn bytes(self, present: u64, needed: u64) -> Finding {
        Finding {
            needed: Some(bytes(needed)),
            ..self.present(bytes(present))
        }
    }

    /// Records that the value could not be read.
    pub(super) fn unknown(self) -> Finding {
        self.says(Verdict::Note, "this system does not say".to_owned())
    }

    /// Sets another verdict, and its reason.
    pub(super) fn says(self, verdict: Verdict, message: String) -> Finding {
        Finding {
            verdict,
            message: Some(message),
            ..self
        }
    }

    /// Sets the remedy.
    pub(super) fn remedy(self, remedy: String) -> Finding {
        Finding {
            remedy: Some(remedy),
            ..self
        }
    }

    /// Sets the other ways than the remedy.
    pub(super) fn others(self, others: String) -> Finding {
        Finding {
            others: Some(others),
            ..self
        }
    }

    /// Returns the finding for other programs.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "name": self.name,
            "verdict": self.verdict.to_string(),
            "present": self.present,
            "needed": self.needed,
            "message": self.message,
            "remedy": self.remedy,
            "others": self.others,
        })
    }
}

impl Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Ok => "ok",
            Verdict::Note => "note",
            Verdict::Failed => "failed",
        })
    }
}

impl Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:6}  {}", self.verdict, self.name)?;
        if let Some(present) = &self.present {
            write!(f, ": {}", text::line(present))?;
        }
        if let Some(needed) = &self.needed {
            write!(f, ", {needed} needed")?;
        }
        if let Some(message) = &self.message {
            write!(f, "\n        {}", text::line(message))?;
        }
        for way in self.remedy.iter().chain(&self.others) {
            write!(f, "\n        {}", text::line(way))?;
        }
        Ok(())
    }
}

/// Formats bytes in the largest unit that leaves a whole part.
pub(super) fn bytes(number: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_readable() {
        assert_eq!(bytes(7), "7 B");
        assert_eq!(bytes(1536), "1.5 KiB");
        assert_eq!(bytes(200 << 30), "200 GiB");
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn text_names_setting_values_and_remedy() {
        let finding = Finding::new("vm.max_map_count")
            .values(1, 2)
            .says(Verdict::Failed, "too low".to_owned())
            .remedy("sysctl -w vm.max_map_count=2".to_owned());
        assert_eq!(
            finding.to_string(),
            "failed  vm.max_map_count: 1, 2 needed\n        too low\n        \
             sysctl -w vm.max_map_count=2"
        );
        assert_eq!(finding.to_json()["verdict"], "failed");
    }
}
