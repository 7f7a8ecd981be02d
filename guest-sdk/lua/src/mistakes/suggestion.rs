//! Did-you-mean: the function that a program has meant by a misspelt name.

use std::ffi::{CStr, c_char, c_int};

use mlua_sys::*;

use crate::interpreter::push_text;
use crate::lua::{State, push_functions_key};
use crate::payload;

/// Bytes of the longest word with a suggestion, and of the longest suggestion.
const LONGEST: usize = 40;

/// The most names that are compared with a word: a table may have millions.
const MOST: usize = 1_000;

/// Pushes `extra` with a suggestion for `name` and returns it, or returns `extra`. The
/// value that has no function of the name is on top of the stack, for
/// `config/suggest.c`. Raises without memory.
///
/// # Safety
/// Both texts are strings that the stack keeps alive.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn warren_suggestion(
    l: State,
    name: *const c_char,
    extra: *const c_char,
) -> *const c_char {
    // The name is copied, and the copy gone before anything raises.
    let mut word = [0; LONGEST];
    // SAFETY: as promised by the caller.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
    let Some(word) = word.get_mut(..bytes.len()) else {
        return extra;
    };
    word.copy_from_slice(bytes);
    let mut search = Search {
        word,
        best: None,
        left: MOST,
    };
    search.functions_of(l, l.top());
    let Some((_, found)) = search.best else {
        return extra;
    };
    // SAFETY: as promised by the caller.
    let extra = unsafe { CStr::from_ptr(extra) }.to_string_lossy();
    let text = format!("{extra}; did you mean '{}'?", found.as_str());
    drop(extra);
    push_text(l, text);
    // SAFETY: by the contract of `State`.
    unsafe { lua_tostring(l.as_ptr(), -1) }
}

/// `nearest(word, table)`: the key of the table that is most like the word; nil where typing
/// explains none. Raises without memory.
pub(crate) extern "C-unwind" fn nearest(l: State) -> c_int {
    l.set_top(2);
    let mut word = [0; LONGEST];
    let len = l.with_bytes(1, |given| {
        let given = given.unwrap_or_default();
        word.get_mut(..given.len())?.copy_from_slice(given);
        Some(given.len())
    });
    let mut search = Search {
        word: len.and_then(|len| word.get(..len)).unwrap_or_default(),
        best: None,
        left: MOST,
    };
    search.names_in(l, 2, |_| true);
    match search.best {
        Some((_, found)) => l.push_bytes(found.bytes()),
        None => l.push_nil(),
    }
    1
}

/// A search for the name most like a word.
struct Search<'a> {
    word: &'a [u8],
    /// The best name so far, and its distance.
    best: Option<(usize, Name)>,
    /// The number of names that may still be compared.
    left: usize,
}

impl Search<'_> {
    /// Compares the names of the functions of a value: those of a table, and those that
    /// its metatable leads to. Runs no code of the program. Raises without memory.
    fn functions_of(&mut self, l: State, value: c_int) {
        let top = l.top();
        let mut value = value;
        if payload::push_methods(l, value) {
            self.functions_in(l, l.top());
        }
        // A table, the `__index` of its metatable, and once more.
        for _ in 0..3 {
            if l.type_of(value) == LUA_TTABLE {
                self.functions_in(l, value);
            }
            if !l.metatable(value) {
                break;
            }
            let metatable = l.top();
            push_functions_key(l);
            if l.raw_get(metatable) == LUA_TFUNCTION && l.pcall(0, 1) == LUA_OK {
                self.names_in(l, l.top(), |_| true);
            }
            l.push_string(c"__index");
            if l.raw_get(metatable) != LUA_TTABLE {
                break;
            }
            value = l.top();
        }
        l.set_top(top);
    }

    fn functions_in(&mut self, l: State, table: c_int) {
        self.names_in(l, table, |l| l.type_of(-1) == LUA_TFUNCTION);
    }

    /// Compares the keys of a table whose value, on top of the stack, is wanted.
    fn names_in(&mut self, l: State, table: c_int, wanted: fn(State) -> bool) {
        if l.type_of(table) != LUA_TTABLE {
            return;
        }
        l.push_nil();
        while l.next(table) {
            if wanted(l) && l.type_of(-2) == LUA_TSTRING {
                if self.left == 0 {
                    l.pop(2);
                    return;
                }
                self.left -= 1;
                l.with_bytes(-2, |name| self.compare(name.unwrap_or_default()));
            }
            l.pop(1);
        }
    }

    fn compare(&mut self, name: &[u8]) {
        let Some(found) = Name::new(name) else {
            return;
        };
        let Some(distance) = distance(self.word, name) else {
            return;
        };
        let better = match &self.best {
            None => true,
            // Tables have no order: of two names as near the first of the alphabet.
            Some((least, best)) => (distance, name) < (*least, best.bytes()),
        };
        if better {
            self.best = Some((distance, found));
        }
    }
}

/// A short name.
#[derive(Debug, Clone, Copy)]
struct Name {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Name {
    fn new(name: &[u8]) -> Option<Self> {
        let mut bytes = [0; LONGEST];
        bytes.get_mut(..name.len())?.copy_from_slice(name);
        Some(Self {
            bytes,
            len: name.len(),
        })
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

/// Returns the number of slips that make `name` of `word`: a letter missing, added or
/// another, or two letters in the wrong order. `None` where typing does not explain the
/// difference: one slip for each three letters, three at most.
fn distance(word: &[u8], name: &[u8]) -> Option<usize> {
    if word.len() < 3 || name.len() > LONGEST || word.len() > LONGEST {
        return None;
    }
    let tolerated = (word.len() / 3).clamp(1, 3);
    if word.len().abs_diff(name.len()) > tolerated {
        return None;
    }
    // Rows of the table of distances between the beginnings of both.
    let mut before = [0; LONGEST + 1];
    let mut last = [0; LONGEST + 1];
    let mut row = [0; LONGEST + 1];
    for (at, cell) in last.iter_mut().enumerate() {
        *cell = at;
    }
    for i in 1..=word.len() {
        row[0] = i;
        for j in 1..=name.len() {
            let differs = usize::from(word[i - 1] != name[j - 1]);
            let mut least = (last[j - 1] + differs).min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && word[i - 1] == name[j - 2] && word[i - 2] == name[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least;
        }
        before = last;
        last = row;
    }
    let distance = last[name.len()];
    (distance <= tolerated).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn slips_are_counted() {
        for (word, name, expected) in [
            ("sned", "send", Some(1)),
            ("recieve", "receive", Some(1)),
            ("wran", "warn", Some(1)),
            ("spwan_monitord", "spawn_monitored", Some(2)),
            ("sleeep", "sleep", Some(1)),
            ("send", "receive", None),
            ("foo", "info", None),
            ("x", "id", None),
        ] {
            assert_eq!(
                distance(word.as_bytes(), name.as_bytes()),
                expected,
                "{word}"
            );
        }
    }
}
