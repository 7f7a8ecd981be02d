//! The few lines of a text that are shown with a failure.

use std::ops::Range;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};
use warren::text;

/// Characters of a line that are shown; of a longer line, those around the
/// place.
const WIDTH: usize = 160;

/// Characters shown before the place in a line that is too long.
const BEFORE: usize = 60;

/// A place in a text that is shown with the failure.
#[derive(Debug)]
pub(crate) struct Excerpt {
    /// The file, or the option the text was given with.
    pub(crate) name: String,
    pub(crate) text: Arc<str>,
    /// The place, in bytes.
    pub(crate) span: Range<usize>,
    /// The label of the place.
    pub(crate) label: String,
}

impl Excerpt {
    /// Returns the line and the column of the place, in characters from 1.
    pub(crate) fn place(&self) -> (usize, usize) {
        let before = &self.text[..self.text.floor_char_boundary(self.span.start)];
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// The line of a place with its neighbours, with characters that are safe for a
/// terminal. Built once per failure, so that its cost does not depend on how
/// often miette reads it.
#[derive(Debug)]
pub(super) struct Window {
    name: String,
    text: String,
    /// The place in the window's text.
    span: Range<usize>,
    /// Line of the file at which the window begins, from 0.
    first_line: usize,
    /// Column of the place in the file, from 0.
    column: usize,
}

impl Window {
    /// Returns the window on the place of an excerpt. If the place has many
    /// lines, the first is shown.
    pub(super) fn on(excerpt: &Excerpt) -> Window {
        let text = &*excerpt.text;
        let start = text.floor_char_boundary(excerpt.span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..]
            .find('\n')
            .map_or(text.len(), |newline| start + newline);
        let end = text
            .ceil_char_boundary(excerpt.span.end)
            .clamp(start, line_end);
        let line = text[..line_start].matches('\n').count();

        let mut shown = String::new();
        let above = text[..line_start].strip_suffix('\n');
        if let Some(above) = above {
            let above = above.rsplit('\n').next().unwrap_or_default();
            push(&mut shown, first(above, WIDTH));
            shown.push('\n');
        }
        let before = last(&text[line_start..start], BEFORE);
        let place = first(&text[start..end], WIDTH);
        let room = WIDTH.saturating_sub(before.chars().count() + place.chars().count());
        let after = first(&text[start + place.len()..line_end], room);
        if line_start + before.len() < start {
            shown.push_str("...");
        }
        push(&mut shown, before);
        let span_start = shown.len();
        push(&mut shown, place);
        let span = span_start..shown.len();
        push(&mut shown, after);
        if start + place.len() + after.len() < line_end {
            shown.push_str("...");
        }
        if let Some(below) = text[line_end..].strip_prefix('\n') {
            let below = below.split('\n').next().unwrap_or_default();
            shown.push('\n');
            push(&mut shown, first(below, WIDTH));
        }
        Window {
            name: text::line(&excerpt.name).to_string(),
            text: shown,
            span,
            first_line: line - usize::from(above.is_some()),
            column: text[line_start..start].chars().count(),
        }
    }

    /// Returns the place in the window.
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

/// Returns the first characters of a line.
fn first(line: &str, count: usize) -> &str {
    let end = line.char_indices().nth(count);
    end.map_or(line, |(end, _)| &line[..end])
}

/// Returns the last characters of a line.
fn last(line: &str, count: usize) -> &str {
    let skipped = line.chars().count().saturating_sub(count);
    let start = line.char_indices().nth(skipped);
    start.map_or("", |(start, _)| &line[start..])
}

fn push(shown: &mut String, part: &str) {
    let part = part.strip_suffix('\r').unwrap_or(part);
    // A tab only indents, and its escape would be hard to read.
    shown.push_str(&text::line(&part.replace('\t', "    ")).to_string());
}

impl SourceCode for Window {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        // Asked for without lines before, the column is the place's own.
        let column = if before == 0 {
            self.column
        } else {
            inner.column()
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            self.first_line + inner.line(),
            column,
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(text: &str, span: Range<usize>) -> Window {
        Window::on(&Excerpt {
            name: "x".into(),
            text: text.into(),
            span,
            label: String::new(),
        })
    }

    #[test]
    fn the_lines_beside_the_place_are_shown() {
        let window = window("a\nb\r\n\tcd\ne\nf\n", 6..7);
        assert_eq!(window.text, "b\n    cd\ne");
        assert_eq!(&window.text[window.span()], "c");
        assert_eq!((window.first_line, window.column), (1, 1));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}!{}", "ä".repeat(10_000), "b".repeat(10_000));
        let window = window(&text, 20_000..20_001);
        assert_eq!(&window.text[window.span()], "!");
        assert!(window.text.chars().count() <= WIDTH + 6, "{}", window.text);
        assert_eq!(window.column, 10_000);
        let all = super::tests::window(&text, 0..text.len());
        assert!(all.text.chars().count() <= WIDTH + 3);
    }

    #[test]
    fn a_place_is_where_it_was_after_escapes() {
        let window = window("\u{1b}\u{1b}x\u{1b}\n", 2..3);
        assert_eq!(window.text, "\\u{1b}\\u{1b}x\\u{1b}\n");
        assert_eq!(&window.text[window.span()], "x");
    }

    #[test]
    fn invalid_places_are_shown_somewhere() {
        for (text, span) in [("", 0..9), ("ä", 1..1), ("a\nb", 99..120), ("a\n\nb", 2..4)] {
            let window = window(text, span.clone());
            assert!(
                window.text.get(window.span()).is_some(),
                "{text:?} {span:?}"
            );
        }
    }
}
