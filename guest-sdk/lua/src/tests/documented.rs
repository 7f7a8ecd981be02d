//! Every method of every class is in `docs/lua-api.md`. Programs cannot list
//! them: the metatables are hidden. That those documented are there, and what
//! the libraries have, is tested with the document's examples.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{c_int, c_void};
use std::fs;

use mlua_sys::*;

use crate::boot;
use crate::stack::{State, bytes_at};

/// How the document calls an object of each class.
pub(super) const OBJECTS: [(&str, &str); 12] = [
    ("FILE*", "file"),
    ("actor", "actor"),
    ("channel", "ch"),
    ("duration", "duration"),
    ("error", "err"),
    ("logger", "log"),
    ("message", "message"),
    ("scope", "scope"),
    ("spawner", "spawner"),
    ("ticker", "ticker"),
    ("time", "t"),
    ("timer", "timer"),
];

#[test]
fn every_method_is_documented() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/lua-api.md");
    let document = fs::read_to_string(path).expect("the document is there");
    let classes = classes();
    let with_methods: Vec<_> = classes.keys().map(String::as_str).collect();
    assert_eq!(with_methods, OBJECTS.map(|(class, _)| class));
    for (class, object) in OBJECTS {
        for method in &classes[class] {
            // Errors have the methods of strings as well.
            let of_strings = class == "error" && is_string_function(method);
            let documented = document.contains(&format!("`{object}:{method}("));
            assert!(documented || of_strings, "{class} has {method}");
        }
    }
}

pub(super) fn is_string_function(name: &str) -> bool {
    // SAFETY: the state is this thread's, and left as it was.
    unsafe {
        let l = boot::state();
        lua_getglobal(l, c"string".as_ptr());
        lua_pushlstring(l, name.as_ptr().cast(), name.len());
        let kind = lua_rawget(l, -2);
        lua_pop(l, 2);
        kind == LUA_TFUNCTION
    }
}

/// All classes that have methods, with their names. Several may share a name.
pub(super) fn classes() -> BTreeMap<String, BTreeSet<String>> {
    let mut walk = Walk::default();
    // SAFETY: the state is this thread's; there is room for one value.
    unsafe {
        let l = boot::state();
        lua_pushvalue(l, LUA_REGISTRYINDEX);
        walk.visit(l);
    }
    walk.classes
}

/// Everything that Lua can reach, hidden or not.
#[derive(Default)]
struct Walk {
    seen: HashSet<*const c_void>,
    classes: BTreeMap<String, BTreeSet<String>>,
}

impl Walk {
    /// Visits the value on top of the stack, and pops it.
    ///
    /// # Safety
    /// `l` is a live Lua thread with a value on its stack.
    unsafe fn visit(&mut self, l: State) {
        // SAFETY: as promised by the caller; the stack grows with the depth.
        unsafe {
            assert!(lua_checkstack(l, 8) != 0);
            let kind = lua_type(l, -1);
            let pointer = lua_topointer(l, -1);
            if !pointer.is_null() && self.seen.insert(pointer) {
                if lua_getmetatable(l, -1) != 0 {
                    self.visit(l);
                }
                match kind {
                    LUA_TTABLE => self.visit_table(l),
                    LUA_TFUNCTION => {
                        for upvalue in 1.. {
                            if lua_getupvalue(l, -1, upvalue).is_null() {
                                break;
                            }
                            self.visit(l);
                        }
                    }
                    _ => {}
                }
            }
            lua_pop(l, 1);
        }
    }

    unsafe fn visit_table(&mut self, l: State) {
        // SAFETY: `visit` has a table on top of the stack.
        unsafe {
            if let Some(name) = text_field(l, c"__name") {
                let methods = methods(l);
                if !methods.is_empty() {
                    self.classes.entry(name).or_default().extend(methods);
                }
            }
            lua_pushnil(l);
            while lua_next(l, -2) != 0 {
                self.visit(l);
            }
        }
    }
}

/// A field of the table on top of the stack that is text.
unsafe fn text_field(l: State, field: &std::ffi::CStr) -> Option<String> {
    // SAFETY: `visit_table` has a table on top of the stack.
    unsafe {
        lua_pushstring(l, field.as_ptr());
        lua_rawget(l, -2);
        let text = bytes_at(l, -1).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        lua_pop(l, 1);
        text
    }
}

/// The names of the functions in the `__index` of the table on top of the stack.
unsafe fn methods(l: State) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    // SAFETY: as `text_field`.
    unsafe {
        lua_pushstring(l, c"__index".as_ptr());
        if lua_rawget(l, -2) == LUA_TTABLE {
            lua_pushnil(l);
            while lua_next(l, -2) != 0 {
                if lua_type(l, -1) == LUA_TFUNCTION
                    && let Some(name) = bytes_at(l, -2)
                {
                    names.insert(String::from_utf8_lossy(name).into_owned());
                }
                lua_pop(l, 1 as c_int);
            }
        }
        lua_pop(l, 1);
    }
    names
}
