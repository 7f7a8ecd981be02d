//! Every method of every class is in `docs/lua-api.md`. Programs cannot list
//! them: the metatables are hidden. That those documented are there, and what
//! the libraries have, is tested with the document's examples.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::{c_int, c_void};
use std::fs;

use mlua_sys::*;

use crate::lua::State;
use crate::{boot, late};

/// The document's name for an object of each class.
pub(super) const OBJECTS: [(&str, &str); 41] = [
    ("FILE*", "file"),
    ("actor", "actor"),
    ("channel", "ch"),
    ("duration", "duration"),
    ("error", "err"),
    ("executor", "executor"),
    ("future", "future"),
    ("http_response", "response"),
    ("location", "loc"),
    ("logger", "log"),
    ("message", "message"),
    ("payload", "p"),
    ("pg", "g"),
    ("policy", "policy"),
    ("queue_message", "m"),
    ("regexp", "re"),
    ("request", "req"),
    ("response", "res"),
    ("scanner", "scanner"),
    ("scope", "scope"),
    ("spawner", "spawner"),
    ("sql_condition", "cond"),
    ("sql_database", "db"),
    ("sql_delete", "del"),
    ("sql_executor", "q"),
    ("sql_insert", "ins"),
    ("sql_select", "sel"),
    ("sql_statement", "st"),
    ("sql_transaction", "tx"),
    ("sql_update", "upd"),
    ("store", "s"),
    ("stream", "stream"),
    ("subscription", "sub"),
    ("ticker", "ticker"),
    ("time", "t"),
    ("timer", "timer"),
    ("token_store", "ts"),
    ("upload", "upload"),
    ("volume", "v"),
    ("volume_file", "f"),
    ("websocket", "ws"),
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
    let l = boot::state().expect("Lua is set up");
    l.global(c"string");
    l.push_bytes(name.as_bytes());
    let kind = l.raw_get(-2);
    l.pop(2);
    kind == LUA_TFUNCTION
}

/// All classes that have methods, with their names. Several may share a name.
pub(super) fn classes() -> BTreeMap<String, BTreeSet<String>> {
    let mut walk = Walk::default();
    let l = boot::state().expect("Lua is set up");
    compile_late_libraries(l);
    l.push_value(LUA_REGISTRYINDEX);
    walk.visit(l);
    let mut classes = walk.classes;
    // Found by a function of C, which looks into this table.
    late::push_part(l, c"payload", c"payload_methods");
    classes.insert("payload".to_owned(), functions(l));
    l.pop(1);
    classes
}

/// Compiles the libraries that are compiled at their first use.
fn compile_late_libraries(l: State) {
    l.global(c"load");
    l.push_bytes(
        b"for _, library in ipairs { capability, fs, funcs, http, http_client, payload, pg, process.groups, queue, sql, store, stream, websocket } do
            pairs(library)
          end
          pairs(sql.builder)
          security.token_store('app:tokens')
          store.get('app:store')",
    );
    l.call(1, 1);
    l.call(0, 0);
}

/// Everything that Lua can reach, hidden or not.
#[derive(Default)]
struct Walk {
    seen: HashSet<*const c_void>,
    classes: BTreeMap<String, BTreeSet<String>>,
}

impl Walk {
    /// Visits the value on top of the stack, and pops it.
    fn visit(&mut self, l: State) {
        assert!(l.has_room(8));
        let kind = l.type_of(-1);
        let pointer = l.address(-1);
        if !pointer.is_null() && self.seen.insert(pointer) {
            if l.metatable(-1) {
                self.visit(l);
            }
            match kind {
                LUA_TTABLE => self.visit_table(l),
                LUA_TFUNCTION => {
                    for upvalue in 1.. {
                        if !l.upvalue(-1, upvalue) {
                            break;
                        }
                        self.visit(l);
                    }
                }
                _ => {}
            }
        }
        l.pop(1);
    }

    fn visit_table(&mut self, l: State) {
        if let Some(name) = text_field(l, c"__name") {
            let methods = methods(l);
            if !methods.is_empty() {
                self.classes.entry(name).or_default().extend(methods);
            }
        }
        l.push_nil();
        while l.next(-2) {
            self.visit(l);
        }
    }
}

/// A field of the table on top of the stack that is text.
fn text_field(l: State, field: &std::ffi::CStr) -> Option<String> {
    l.push_string(field);
    l.raw_get(-2);
    let text = l.lossy(-1);
    l.pop(1);
    text
}

/// Has the table on top of the stack filled with the members that are found by name.
fn fill(l: State) {
    if l.metafield(-1, c"__pairs") == LUA_TFUNCTION {
        l.push_value(-2);
        l.call(1, 0);
    }
}

/// The names of the functions in the `__index` of the table on top of the stack.
fn methods(l: State) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    l.push_string(c"__index");
    if l.raw_get(-2) == LUA_TTABLE {
        fill(l);
        names = functions(l);
    }
    l.pop(1);
    names
}

/// The names of the functions in the table on top of the stack.
fn functions(l: State) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    l.push_nil();
    while l.next(-2) {
        if l.type_of(-1) == LUA_TFUNCTION {
            names.extend(l.lossy(-2));
        }
        l.pop(1 as c_int);
    }
    names
}
