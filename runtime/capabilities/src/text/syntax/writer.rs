//! The parts of a pattern in the syntax of `regex`, as they are written.

use super::dialect::Dialect;
use super::flags::Flags;
use super::malformed::{Checked, MAX_REPEAT, beyond, too_often};

/// The most repetitions that stand behind another one, with flags between them.
const WRAPPED: usize = 100;

/// The most groups within each other. The crate takes no more.
const DEEPEST: usize = 250;

/// A pattern that is being written.
pub(super) struct Writer {
    dialect: Dialect,
    out: String,
    /// The pattern and the groups that are open in it.
    open: Vec<Group>,
    /// Flags that are set from the next part on. A repetition between belongs to the part
    /// before.
    pending: Flags,
    /// Repetitions of repetitions so far.
    wrapped: usize,
}

/// A group that is open.
#[derive(Default)]
struct Group {
    /// The place of its parenthesis in the output.
    start: usize,
    /// The part that a repetition would repeat.
    last: Option<Part>,
    /// The greatest product of counts within.
    repeated: u32,
}

/// A part of a pattern that can be repeated.
#[derive(Clone, Copy)]
struct Part {
    /// The place of its beginning in the output.
    start: usize,
    /// The greatest product of counts within.
    repeated: u32,
    /// True if the part ends in a repetition.
    is_repeated: bool,
}

impl Writer {
    /// Returns a writer with room for so many bytes.
    pub(super) fn new(dialect: Dialect, capacity: usize) -> Writer {
        Writer {
            dialect,
            out: String::with_capacity(capacity),
            open: vec![Group::default()],
            pending: Flags::default(),
            wrapped: 0,
        }
    }

    /// Returns the pattern.
    ///
    /// # Errors
    ///
    /// A group is still open.
    pub(super) fn finish(self) -> Checked<String> {
        match self.open.len() {
            1 => Ok(self.out),
            _ => Err("unclosed group".into()),
        }
    }

    /// Begins a part: the pending flags hold for it. Returns its place.
    pub(super) fn part(&mut self) -> usize {
        if self.pending != Flags::default() {
            let flags = std::mem::take(&mut self.pending);
            self.out.push_str(&format!("(?{flags})"));
        }
        self.out.len()
    }

    /// Ends a part that began at this place and repeats nothing.
    pub(super) fn end_part(&mut self, start: usize) {
        self.group().last = Some(Part {
            start,
            repeated: 1,
            is_repeated: false,
        });
    }

    /// Writes a whole part.
    pub(super) fn whole(&mut self, text: &str) {
        let start = self.part();
        self.out.push_str(text);
        self.end_part(start);
    }

    /// Writes a character that stands for itself, as a part.
    pub(super) fn literal(&mut self, char: char) {
        let start = self.part();
        self.push_literal(char);
        self.end_part(start);
    }

    /// Writes a piece of a part.
    pub(super) fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Writes a character that stands for itself, in a class or outside.
    pub(super) fn push_literal(&mut self, char: char) {
        if char.is_ascii_punctuation() && !matches!(char, '<' | '>') {
            self.out.push('\\');
        }
        self.out.push(char);
    }

    /// Ends an alternative: the next one begins.
    pub(super) fn end_alternative(&mut self) {
        self.out.push('|');
        self.group().last = None;
    }

    /// Sets flags for the rest of the group.
    pub(super) fn set_flags(&mut self, flags: Flags) {
        self.pending.add(flags);
    }

    /// Opens a group, which begins with this text.
    pub(super) fn open_group(&mut self, begin: &str) -> Checked {
        if self.open.len() > DEEPEST {
            return Err(beyond("max_nesting", DEEPEST, "groups within each other"));
        }
        let start = self.part();
        self.out.push_str(begin);
        self.open.push(Group {
            start,
            ..Group::default()
        });
        Ok(())
    }

    pub(super) fn close_group(&mut self) -> Checked {
        if self.open.len() == 1 {
            return Err("unopened group".into());
        }
        let Some(group) = self.open.pop() else {
            return Err("unopened group".into());
        };
        // Flags end with their group.
        self.pending = Flags::default();
        self.out.push(')');
        self.group().repeated = self.group().repeated.max(group.repeated);
        self.group().last = Some(Part {
            start: group.start,
            repeated: group.repeated.max(1),
            is_repeated: false,
        });
        Ok(())
    }

    /// Repeats the last part. `most` is the count of a repetition that has one.
    pub(super) fn repeat(&mut self, operator: &str, most: Option<u32>, is_lazy: bool) -> Checked {
        let Some(part) = self.group().last else {
            return Err("repetition operator missing expression".into());
        };
        if part.is_repeated {
            // `a*(?i)*` for example.
            self.wrapped += 1;
            if self.wrapped > WRAPPED {
                let of = "repetitions of repetitions";
                return Err(beyond("max_nesting", WRAPPED, of));
            }
            self.out.insert_str(part.start, "(?:");
            self.out.push(')');
        }
        let repeated = part.repeated.saturating_mul(most.unwrap_or(1).max(1));
        if repeated > MAX_REPEAT && self.dialect == Dialect::Re2 {
            return Err(too_often("repetitions"));
        }
        self.out.push_str(operator);
        if is_lazy {
            self.out.push('?');
        }
        let group = self.group();
        group.repeated = group.repeated.max(repeated);
        group.last = Some(Part {
            repeated,
            is_repeated: true,
            ..part
        });
        Ok(())
    }

    fn group(&mut self) -> &mut Group {
        let last = self.open.len() - 1;
        // The pattern itself is never closed.
        &mut self.open[last]
    }
}
