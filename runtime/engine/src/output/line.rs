//! The gathering of one process's output into lines.

use super::PIECE;

/// The unfinished line of one process on one stream.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// The part that has not been passed on.
    bytes: Vec<u8>,
    /// True if the last piece that was passed on did not end with a newline.
    is_begun: bool,
}

impl Line {
    /// Adds bytes and returns the complete part: everything up to the last newline,
    /// or everything if it has grown too long.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                let (complete, rest) = bytes.split_at(end + 1);
                let mut line = std::mem::take(&mut self.bytes);
                line.extend_from_slice(complete);
                self.bytes.extend_from_slice(rest);
                Some(line)
            }
            None => {
                self.bytes.extend_from_slice(bytes);
                (self.bytes.len() > PIECE).then(|| std::mem::take(&mut self.bytes))
            }
        }
    }

    /// Puts back a piece that found no room.
    pub(crate) fn put_back(&mut self, mut piece: Vec<u8>) {
        piece.append(&mut self.bytes);
        self.bytes = piece;
    }

    /// Takes the complete lines of a piece that was put back.
    pub(crate) fn complete(&mut self) -> Option<Vec<u8>> {
        let all = std::mem::take(&mut self.bytes);
        self.add(&all)
    }

    /// Takes the unfinished part of the line; the rest of the line may follow.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        (!self.bytes.is_empty()).then(|| std::mem::take(&mut self.bytes))
    }

    /// Takes the unfinished part of the line with a newline after it. Returns the
    /// newline alone if everything before it has been passed on.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        if !self.is_begun && self.bytes.is_empty() {
            return None;
        }
        let mut rest = std::mem::take(&mut self.bytes);
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
    fn what_was_put_back_leaves_first() {
        let mut line = Line::default();
        let piece = line.add(b"a\nb").expect("a line is complete");
        line.put_back(piece);
        assert_eq!(line.complete(), Some(b"a\n".to_vec()));
        line.put_back(b"a\n".to_vec());
        assert_eq!(line.add(b"c\nd"), Some(b"a\nbc\n".to_vec()));
        line.put_back(b"bc\n".to_vec());
        assert_eq!(line.finish(), Some(b"bc\nd\n".to_vec()));
        line.put_back(b"e\n".to_vec());
        assert_eq!(line.finish(), Some(b"e\n".to_vec()), "it has its newline");
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
