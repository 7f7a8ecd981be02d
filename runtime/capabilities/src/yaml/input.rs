//! The text as the parser reads it: a tab separates as a space does.
//!
//! `saphyr-parser` 0.3.4 refuses a plain scalar that only tabs separate from the `:` before
//! it, as it must refuse `:`, a tab and a list or map in block style. YAML 1.2 allows the
//! scalar (production 66, `s-separate-in-line`).

use saphyr_parser::StrInput;
use saphyr_parser::input::{Input, SkipTabs};

/// The text of a document.
#[derive(Clone, Copy)]
pub(super) struct Text<'t>(StrInput<'t>);

impl<'t> Text<'t> {
    pub(super) fn new(text: &'t str) -> Text<'t> {
        Text(StrInput::new(text))
    }

    /// Tells whether a scalar without quotes follows, rather than a list or map in block
    /// style.
    fn is_scalar_ahead(&self) -> bool {
        let mut ahead = self.0;
        ahead.lookahead(2);
        if ahead.peek() == '-' && is_blank_or_end(ahead.peek_nth(1)) {
            return false;
        }
        let mut last = ' ';
        loop {
            ahead.lookahead(1);
            let char = ahead.peek();
            match char {
                // The key of a map in block style.
                _ if last == ':' && is_blank_or_end(char) => return false,
                // The scalar ends here: a comment, or a mark of a list or map in brackets.
                '#' if is_blank_or_end(last) => return true,
                ',' | '[' | ']' | '{' | '}' => return true,
                '\n' | '\r' | '\0' => return true,
                _ => {}
            }
            last = char;
            ahead.skip();
        }
    }
}

fn is_blank_or_end(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\n' | '\r' | '\0')
}

/// Passes methods of the trait on to the input within.
macro_rules! pass_on {
    ($(fn $name:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*) => { $(
        #[inline]
        fn $name(&self $(, $argument: $type)*) -> $answer {
            self.0.$name($($argument),*)
        }
    )* };
    (mut $(fn $name:ident(&mut self $(, $argument:ident: $type:ty)*) -> $answer:ty;)*) => { $(
        #[inline]
        fn $name(&mut self $(, $argument: $type)*) -> $answer {
            self.0.$name($($argument),*)
        }
    )* };
}

impl Input for Text<'_> {
    fn skip_ws_to_eol(&mut self, tabs: SkipTabs) -> (usize, Result<SkipTabs, &'static str>) {
        match self.0.skip_ws_to_eol(tabs) {
            (skipped, Ok(SkipTabs::Result(true, false))) => {
                let separates = self.is_scalar_ahead();
                (skipped, Ok(SkipTabs::Result(true, separates)))
            }
            other => other,
        }
    }

    pass_on! {
        fn buflen(&self) -> usize;
        fn bufmaxlen(&self) -> usize;
        fn buf_is_empty(&self) -> bool;
        fn peek(&self) -> char;
        fn peek_nth(&self, n: usize) -> char;
        fn peek_opt(&self) -> Option<char>;
        fn next_char_is(&self, char: char) -> bool;
        fn nth_char_is(&self, n: usize, char: char) -> bool;
        fn next_2_are(&self, first: char, second: char) -> bool;
        fn next_3_are(&self, first: char, second: char, third: char) -> bool;
        fn next_is_document_indicator(&self) -> bool;
        fn next_is_document_start(&self) -> bool;
        fn next_is_document_end(&self) -> bool;
        fn next_can_be_plain_scalar(&self, in_flow: bool) -> bool;
        fn next_is_blank_or_break(&self) -> bool;
        fn next_is_blank_or_breakz(&self) -> bool;
        fn next_is_blank(&self) -> bool;
        fn next_is_break(&self) -> bool;
        fn next_is_breakz(&self) -> bool;
        fn next_is_z(&self) -> bool;
        fn next_is_flow(&self) -> bool;
        fn next_is_digit(&self) -> bool;
        fn next_is_alpha(&self) -> bool;
    }

    pass_on! { mut
        fn lookahead(&mut self, count: usize) -> ();
        fn raw_read_ch(&mut self) -> char;
        fn raw_read_non_breakz_ch(&mut self) -> Option<char>;
        fn skip(&mut self) -> ();
        fn skip_n(&mut self, count: usize) -> ();
        fn look_ch(&mut self) -> char;
        fn skip_while_non_breakz(&mut self) -> usize;
        fn skip_while_blank(&mut self) -> usize;
        fn fetch_while_is_alpha(&mut self, out: &mut String) -> usize;
        fn fetch_while_is_yaml_non_space(&mut self, out: &mut String) -> usize;
    }
}
