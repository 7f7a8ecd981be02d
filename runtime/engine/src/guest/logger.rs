//! The question of a logger before it writes: whether its record is wanted, and the name of
//! the code that writes it.

use warren_kernel::Error;

use super::Guest;
use super::called::Called;
use crate::codec;
use crate::log::Level;
use crate::security::Refusal;

/// The operation.
pub(super) const PLACE: &str = "logger.place";

/// False, encoded.
const FALSE: u8 = 0xc2;

/// The head of a list of two.
const PAIR: u8 = 0x92;

impl Guest {
    /// Answers false if nobody takes records of a level; else a list of the definition's
    /// id and the name of its source, as it stands in the places of its code. Few answers
    /// are wrongly not false: [`Guest::log`] decides.
    ///
    /// # Errors
    ///
    /// `Invalid` for a request that is no level.
    pub(super) fn log_place(&self, request: &[u8]) -> Result<Called, Refusal> {
        // A list of one small integer.
        let level = match request {
            [0x91, 0] => Level::Debug,
            [0x91, 1] => Level::Info,
            [0x91, 2] => Level::Warn,
            [0x91, 3] => Level::Error,
            _ => return Err(Error::invalid("level: expected 0, 1, 2 or 3").into()),
        };
        if !self.shared.may_want_log(level) {
            return Ok(Called::Answer(vec![FALSE]));
        }
        let program = &self.run.program;
        let source = program.chunk.as_deref().map_or("", |chunk| &*chunk.name);
        let mut answer = vec![PAIR];
        answer.extend(codec::text(&program.definition.id));
        answer.extend(codec::text(source));
        Ok(Called::Answer(answer))
    }
}
