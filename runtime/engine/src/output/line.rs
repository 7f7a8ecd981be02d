//! The gathering of one process's output into lines.

use super::PIECE;

/// Most bytes of one line that are kept for room in the queue: the unfinished part,
/// and what one write adds to it, and as much again for writes by other handles that
/// were permitted before that one found no room.
pub(crate) const MAX_KEPT: usize = 4 * PIECE;

/// Bytes of a process's lines that are gathered before they are passed on together.
const GATHERED: usize = 16 * 1024;

/// The unfinished line of one process on one stream, and the complete lines before it
/// that have not been passed on.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The part that has not been passed on.
    bytes: Vec<u8>,
    /// The length of the complete lines at the beginning of `bytes`.
    complete: usize,
    /// The part of `bytes` that was put back.
    waiting: Waiting,
    /// True if the last piece that was passed on did not end with a newline.
    is_begun: bool,
}

/// The part of a line that waits for room in the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Waiting {
    #[default]
    Nothing,
    /// The complete lines.
    Complete,
    /// Everything, as a flush asked for.
    Everything,
}

impl Line {
    /// Adds bytes and returns the complete part: everything up to the last newline,
    /// or everything if it has grown too long.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self.append(bytes) {
            true => self.take_complete(),
            false => self.take_too_long(),
        }
    }

    /// Adds bytes, and returns what has to be passed on now: the complete part once it
    /// is large enough. [`Line::take_complete`] yields the complete part that stays.
    pub(crate) fn gather(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.append(bytes);
        match self.complete >= GATHERED {
            true => self.take_complete(),
            false => self.take_too_long(),
        }
    }

    /// Returns true if there are complete lines.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete > 0
    }

    /// Adds bytes; returns true if they complete a line.
    fn append(&mut self, bytes: &[u8]) -> bool {
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        if let Some(end) = end {
            self.complete = self.bytes.len() + end + 1;
        }
        self.bytes.extend_from_slice(bytes);
        end.is_some()
    }

    /// Takes the complete lines.
    pub(crate) fn take_complete(&mut self) -> Option<Vec<u8>> {
        if self.complete == 0 {
            return None;
        }
        let rest = self.bytes.split_off(self.complete);
        let complete = self.take_all();
        self.bytes = rest;
        Some(complete)
    }

    /// Takes everything if it has grown too long for a line that is not complete.
    fn take_too_long(&mut self) -> Option<Vec<u8>> {
        if self.bytes.len() - self.complete <= PIECE {
            return None;
        }
        match self.complete {
            0 => Some(self.take_all()),
            _ => self.take_complete(),
        }
    }

    /// Returns true if `bytes` more bytes may be added while a part of the line waits.
    pub(crate) fn has_room(&self, bytes: usize) -> bool {
        self.bytes.len().saturating_add(bytes) <= MAX_KEPT
    }

    /// Returns true if a part of the line waits for room in the queue.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting != Waiting::Nothing
    }

    /// Puts back a piece that found no room, which waits from now on.
    pub(crate) fn put_back(&mut self, mut piece: Vec<u8>) {
        self.waiting = match ends_line(&piece) {
            true => Waiting::Complete,
            false => Waiting::Everything,
        };
        self.complete = match self.complete {
            0 => piece
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1),
            complete => piece.len() + complete,
        };
        piece.append(&mut self.bytes);
        self.bytes = piece;
    }

    /// Takes the part that waits.
    pub(crate) fn take_waiting(&mut self) -> Option<Vec<u8>> {
        match self.waiting {
            Waiting::Nothing => None,
            Waiting::Complete => self.take_complete(),
            Waiting::Everything => self.take(),
        }
    }

    /// Takes the unfinished part of the line; the rest of the line may follow.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        let all = self.take_all();
        (!all.is_empty()).then_some(all)
    }

    fn take_all(&mut self) -> Vec<u8> {
        self.waiting = Waiting::Nothing;
        self.complete = 0;
        std::mem::take(&mut self.bytes)
    }

    /// Takes the unfinished part of the line with a newline after it. Returns the
    /// newline alone if everything before it has been passed on.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        if !self.is_begun && self.bytes.is_empty() {
            return None;
        }
        let mut rest = self.take_all();
        if !ends_line(&rest) {
            rest.push(b'\n');
        }
        self.is_begun = false;
        Some(rest)
    }

    /// Notes that a piece has been passed on. A terminated process loses the piece
    /// that waits for room.
    pub(crate) fn passed_on(&mut self, ends_line: bool) {
        self.is_begun = !ends_line;
    }
}

/// Returns true if a piece ends with a newline.
pub(crate) fn ends_line(piece: &[u8]) -> bool {
    piece.last() == Some(&b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_leave_whole() {
        let mut line = Line::default();
        assert_eq!(line.add(b"a"), None);
        assert_eq!(line.add(b"b\nc"), Some(b"ab\n".to_vec()));
        assert_eq!(line.add(b"\n\nd"), Some(b"c\n\n".to_vec()));
        assert_eq!(line.take(), Some(b"d".to_vec()));
        assert_eq!(line.take(), None);
    }

    #[test]
    fn lines_are_gathered_until_there_are_enough() {
        let mut line = Line::default();
        assert_eq!(line.gather(b"a"), None);
        assert!(!line.is_complete());
        assert_eq!(line.gather(b"b\nc"), None);
        assert!(line.is_complete());
        assert_eq!(line.gather(b"\nd"), None);
        assert_eq!(line.take_complete(), Some(b"ab\nc\n".to_vec()));
        assert_eq!(line.take_complete(), None);
        assert_eq!(line.gather(b"\n"), None);
        assert_eq!(line.add(b"e\n"), Some(b"d\ne\n".to_vec()));
        let long = [b'x'; GATHERED];
        assert_eq!(line.gather(&long), None);
        assert_eq!(
            line.gather(b"\n").map(|lines| lines.len()),
            Some(GATHERED + 1)
        );
        assert_eq!(line.gather(b"f\ng"), None);
        assert_eq!(line.finish(), Some(b"f\ng\n".to_vec()));
    }

    #[test]
    fn gathered_lines_leave_before_a_line_without_end() {
        let mut line = Line::default();
        assert_eq!(line.gather(b"a\n"), None);
        assert_eq!(line.gather(&[b'x'; PIECE]), None);
        assert_eq!(line.gather(b"x"), Some(b"a\n".to_vec()));
        assert_eq!(line.gather(b"x").map(|all| all.len()), Some(PIECE + 2));
        assert_eq!(line.take(), None);
    }

    #[test]
    fn gathered_lines_that_were_put_back_stay_in_order() {
        let mut line = Line::default();
        assert_eq!(line.gather(b"a\nb\nc"), None);
        let lines = line.take_complete().expect("there are two");
        line.put_back(lines);
        assert_eq!(line.gather(b"\nd"), None);
        assert_eq!(line.take_complete(), Some(b"a\nb\nc\n".to_vec()));
        line.put_back(b"e".to_vec());
        assert!(!line.is_complete());
        assert_eq!(line.take(), Some(b"ed".to_vec()));
    }

    #[test]
    fn a_line_is_finished_where_it_was_begun() {
        let mut line = Line::default();
        assert_eq!(line.finish(), None);
        assert_eq!(line.add(b"a\nb"), Some(b"a\n".to_vec()));
        line.passed_on(true);
        assert_eq!(line.finish(), Some(b"b\n".to_vec()));
        assert_eq!(line.add(b"c"), None);
        assert_eq!(line.take(), Some(b"c".to_vec()));
        line.passed_on(false);
        assert_eq!(line.finish(), Some(b"\n".to_vec()));
        assert_eq!(line.finish(), None);
    }

    #[test]
    fn a_line_is_finished_where_its_end_found_no_room() {
        let mut line = Line::default();
        assert_eq!(line.add(b"a"), None);
        assert_eq!(line.take(), Some(b"a".to_vec()));
        line.passed_on(false);
        assert_eq!(line.add(b"b\n"), Some(b"b\n".to_vec()));
        assert_eq!(line.finish(), Some(b"\n".to_vec()), "`b` is lost");
        line.passed_on(true);
        assert_eq!(line.finish(), None);
    }

    #[test]
    fn a_piece_that_was_put_back_leaves_first() {
        let mut line = Line::default();
        assert_eq!(line.take_waiting(), None);
        let piece = line.add(b"a\nb").expect("a line is complete");
        assert!(!line.is_waiting());
        line.put_back(piece);
        assert!(line.is_waiting());
        assert_eq!(line.take_waiting(), Some(b"a\n".to_vec()));
        assert!(!line.is_waiting(), "`b` is not complete");
        line.put_back(b"a\n".to_vec());
        assert_eq!(line.add(b"c\nd"), Some(b"a\nbc\n".to_vec()));
        assert!(!line.is_waiting(), "nobody asked for `d`");
        line.put_back(b"bc\n".to_vec());
        assert_eq!(line.finish(), Some(b"bc\nd\n".to_vec()));
        line.put_back(b"e\n".to_vec());
        assert_eq!(line.finish(), Some(b"e\n".to_vec()), "it has its newline");
        assert!(!line.is_waiting());
    }

    #[test]
    fn a_flush_without_room_waits_as_a_whole() {
        let mut line = Line::default();
        assert_eq!(line.add(b"a"), None);
        let piece = line.take().expect("it is not empty");
        line.put_back(piece);
        assert_eq!(line.add(b"b"), None, "another handle was permitted");
        assert!(line.is_waiting());
        assert_eq!(line.take_waiting(), Some(b"ab".to_vec()));
        line.put_back(b"ab".to_vec());
        assert_eq!(line.add(b"c\nd"), Some(b"abc\n".to_vec()));
        assert!(!line.is_waiting(), "nobody asked for `d`");
        assert_eq!(line.take_waiting(), None);
        assert_eq!(line.take(), Some(b"d".to_vec()));
    }

    #[test]
    fn lines_that_wait_leave_without_the_incomplete_one() {
        let mut line = Line::default();
        line.put_back(b"a\n".to_vec());
        assert_eq!(line.add(b"b"), None);
        assert!(line.is_waiting());
        assert_eq!(line.take_waiting(), Some(b"a\n".to_vec()));
        assert!(!line.is_waiting());
        assert_eq!(line.finish(), Some(b"b\n".to_vec()));
    }

    #[test]
    fn the_waiting_bytes_of_a_line_are_bounded() {
        let mut line = Line::default();
        let mut writes = 0;
        while line.has_room(PIECE) {
            let piece = line.add(&[b'x'; PIECE]);
            if let Some(piece) = piece {
                line.put_back(piece);
            }
            writes += 1;
        }
        assert_eq!(writes, MAX_KEPT / PIECE);
        assert!(!line.has_room(1));
        assert_eq!(line.take_waiting().map(|all| all.len()), Some(MAX_KEPT));
        assert!(line.has_room(MAX_KEPT));
        assert!(!line.has_room(usize::MAX));
    }

    #[test]
    fn a_line_without_end_leaves_in_pieces() {
        let mut line = Line::default();
        let piece = line
            .add(&vec![b'x'; PIECE + 1])
            .expect("it is too long to keep");
        assert_eq!(piece.len(), PIECE + 1);
        assert_eq!(line.take(), None);
    }
}
