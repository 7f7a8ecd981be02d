//! The ways of opening a file.

use cap_std::fs::OpenOptions;
use warren_kernel::Error;

use super::Access;

/// See [the module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// To read what is there.
    Read,
    /// To write in place of what is there, or a file that is made.
    Write,
    /// To write behind what is there, or a file that is made.
    Append,
    /// To read and write what is there, or a file that is made.
    Both,
    /// To write a file that is made.
    Create,
}

impl Mode {
    /// Reads a mode.
    pub(super) fn of(word: &str) -> Result<Mode, Error> {
        match word {
            "r" => Ok(Mode::Read),
            "w" => Ok(Mode::Write),
            "a" => Ok(Mode::Append),
            "rw" => Ok(Mode::Both),
            "wx" => Ok(Mode::Create),
            _ => Err(Error::invalid("mode: expected r, w, a, rw or wx")),
        }
    }

    pub(super) fn access(self) -> Access {
        match self {
            Mode::Read => Access::Read,
            Mode::Both => Access::Both,
            Mode::Write | Mode::Append | Mode::Create => Access::Write,
        }
    }

    /// Returns the options for a file that exists.
    pub(super) fn options(self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options
            .read(self.access() != Access::Write)
            .write(self.access() != Access::Read && self != Mode::Append)
            .append(self == Mode::Append);
        options
    }
}
