//! Mistakes that say what was meant.

use super::output_of;

#[test]
fn a_misspelt_function_is_suggested() {
    let printed = output_of(
        r#"
        local function message(code, ...)
          local ok, message = pcall(assert(load(code, "=c")), ...)
          print(message)
        end
        message "process.sned('a', 'b')"
        message "process.registry.lokup('a')"
        message "channel.new():recieve()"
        message "logger:wran('x')"
        message "return time.lod_location('UTC')"
        message "local t = require 'time' return (function() t.slep(0) end)()"
        message "local text = 'a' text:uper()"
        message "io.stdout:wirte('x')"
        message "errors.new('x'):mesage()"
        message "pritn(1)"
        message("local t, name = ... t[name](1)", process, "sned")
        message "process.frobnicate()"
        message "local sned = process.sned sned()"
        "#,
    );
    assert_eq!(
        printed,
        "c:1: attempt to call a nil value (field 'sned'); did you mean 'send'?\n\
         c:1: attempt to call a nil value (field 'lokup'); did you mean 'lookup'?\n\
         c:1: attempt to call a nil value (method 'recieve'); did you mean 'receive'?\n\
         c:1: attempt to call a nil value (method 'wran'); did you mean 'warn'?\n\
         c:1: attempt to call a nil value (field 'lod_location'); did you mean 'load_location'?\n\
         c:1: attempt to call a nil value (field 'slep'); did you mean 'sleep'?\n\
         c:1: attempt to call a nil value (method 'uper'); did you mean 'upper'?\n\
         c:1: attempt to call a nil value (method 'wirte'); did you mean 'write'?\n\
         c:1: attempt to call a nil value (method 'mesage'); did you mean 'message'?\n\
         c:1: attempt to call a nil value (global 'pritn'); did you mean 'print'?\n\
         c:1: attempt to call a nil value (field '?')\n\
         c:1: attempt to call a nil value (field 'frobnicate')\n\
         c:1: attempt to call a nil value (local 'sned')\n"
    );
}

#[test]
fn the_search_runs_no_code_of_the_program() {
    let printed = output_of(
        r#"
        local t = setmetatable({ send = print }, {
          __index = function() end, __pairs = error, __len = error,
        })
        print(select(2, pcall(load "local t = ... t.sned()", t)))
        print(process.foo, process.sned)
        "#,
    );
    assert!(
        printed.contains("did you mean 'send'?\nnil\tnil\n"),
        "{printed}"
    );
}

#[test]
fn an_error_in_the_place_of_a_level_says_what_was_meant() {
    let printed = output_of(
        r#"
        local function message(code, ...)
          local ok, message = pcall(assert(load(code, "=c")), ...)
          print(message)
        end
        message("error(nil, ...)", errors.new("gone"))
        message "error(nil, 'gone')"
        message "error(nil)"
        message "error(nil, 2)"
        message "error('gone', {})"
        message "error('gone', '2')"
        message "error('gone', 1 << 40)"
        message "error('gone', 0)"
        message("error(...)", errors.new("gone"))
        "#,
    );
    let meant = "to return an error, return nil and it; to raise it, call error with it alone";
    assert_eq!(
        printed,
        format!(
            "c:1: bad argument #2 to 'error' (number expected, got error; {meant})\n\
             c:1: bad argument #2 to 'error' (number expected, got string; {meant})\n\
             nil\n\
             nil\n\
             c:1: bad argument #2 to 'error' (number expected, got table)\n\
             gone\n\
             gone\n\
             gone\n\
             gone\n"
        )
    );
}
