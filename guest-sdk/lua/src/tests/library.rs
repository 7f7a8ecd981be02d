//! The libraries, where they are not tested with what they serve.

use warren_guest::mock;

use super::{output_of, run_in};
use crate::{boot, chunk};

#[test]
fn errors_act_like_their_message() {
    let output = output_of(
        "local e = errors.new('a message')
         print(e, e .. '!', '!' .. e, e:find('mess'), e:upper(), e:len(), e:kind() == errors.UNKNOWN)
         local w = errors.wrap(errors.new { kind = errors.TIMEOUT, message = 'm', retryable = true }, 'reading')
         print(w, w:kind(), w:retryable(), errors.is(w, errors.TIMEOUT), errors.is('x', errors.TIMEOUT))
         print(select(2, errors.new()):kind(), errors.new { message = 'm', kind = 'Odd' }:kind())
         print(pcall(errors.new, 5))",
    );
    let expected = "a message\ta message!\t!a message\t3\tA MESSAGE\t9\ttrue\n\
                    reading: m\tTimeout\ttrue\ttrue\tfalse\nInvalid\tOdd\n\
                    false\tbad argument #1 to 'errors.new' (string or table expected, got number)\n";
    assert_eq!(output, expected);
}

#[test]
fn json_goes_both_ways() {
    let output = output_of(
        r#"print(json.encode({ 1, 1.0, 'a"\n\1', json.null, {}, json.object({}), true }))
         print(json.encode({ k = { 1 } }, { pretty = true }))
         print(json.encode(0/0)); print(json.encode({ print })); print(json.encode('\xff'))
         local v = json.decode('{"a":[1,2.0,-3e2,null],"b":"\\u00e9\\ud83d\\ude00\\n","c":{},"d":9223372036854775808}')
         print(#v.a, v.a[1], v.a[2], v.a[3], v.a[4], v.b, next(v.c), v.d)
         for _, bad in ipairs { '', '[1,]', '{"a" 1}', '01', '"\t"', '[1] x', 'nul', '"\\x"', '1.' } do
           local ok, err = json.decode(bad)
           print(ok, err:kind(), err)
         end"#,
    );
    let expected = "[1,1.0,\"a\\\"\\n\\u0001\",null,[],{},true]\n{\n  \"k\": [\n    1\n  ]\n}\n\
        null\nnil\tvalue[1]: a function cannot be JSON\n\
        nil\tvalue: a string that is not UTF-8 cannot be JSON\n3\t1\t2.0\t-300.0\tnil\té\u{1f600}\n\tnil\t9.2233720368548e+18\n\
        nil\tInvalid\ttext is empty\nnil\tInternal\tunexpected character at line 1, column 4\n\
        nil\tInternal\t':' expected at line 1, column 6\nnil\tInternal\tunexpected text after the value at line 1, column 2\n\
        nil\tInternal\ta control character in a string at line 1, column 2\n\
        nil\tInternal\tunexpected text after the value at line 1, column 5\n\
        nil\tInternal\tunexpected character at line 1, column 1\nnil\tInternal\tunknown escape at line 1, column 4\n\
        nil\tInternal\ta digit expected at line 1, column 3\n";
    assert_eq!(output, expected);
}

#[test]
fn a_document_is_what_it_was_after_it_was_sent() {
    let output = output_of(
        r#"local text = '{"a":[null,{},[],{"b":{}}]}'
         local there = process.listen("t")
         local value = json.decode(text, { null = json.null })
         assert(process.send(process.pid(), "t", value))
         local back = there:receive()
         print(json.encode(value), json.encode(back), back.a[1] == json.null)
         for _, bad in ipairs { "1e999", "-1e999", ("9"):rep(400), '"\\ud800"', '"\\ud800\\u0041"', '"\\udc00"' } do
           local ok, err = json.decode(bad)
           print(ok, err:kind())
         end
         print(json.decode('{"a":1,"a":2}').a, json.decode('-0') == 0, json.decode('1e308') == 1e308)
         local Shape = { area = function() return "area" end }
         Shape.__index = Shape
         local shape = json.object(setmetatable({}, Shape))
         print(shape:area(), getmetatable(shape) == Shape, json.encode(shape), getmetatable(json.object {}))"#,
    );
    let expected = "{\"a\":[null,{},[],{\"b\":{}}]}\t{\"a\":[null,{},[],{\"b\":{}}]}\ttrue\n"
        .to_owned()
        + &"nil\tInternal\n".repeat(6)
        + "2\ttrue\ttrue\narea\ttrue\t{}\tnil\n";
    assert_eq!(output, expected);
}

#[test]
fn a_value_ends_at_the_limit_however_it_is_shared() {
    let output = output_of(
        r##"local function dag(n)
           local t = {}
           for _ = 1, n do t = { t, k = t } end
           return t
         end
         local s = assert(process.with_context {})
         local e = errors.new { message = "m", details = { dag(60) } }
         local policies = {}
         for i = 1, 2000 do policies[i] = i .. ("x"):rep(1000) end
         for _, value in ipairs { dag(60), ("x"):rep(1 << 20), e } do
           local shared = type(value) ~= "string"
           for name, call in pairs {
             send = function() return process.send(process.pid(), "t", value) end,
             spawn = function() return process.spawn("a:b", "a:c", value) end,
             exec = function() return process.exec("a:b", "a:c", value) end,
             upgrade = function() return process.upgrade(nil, value) end,
             log = function() return logger.info("m", { a = value }) end,
             with = function() return logger:with({ a = value }):info("m") end,
             context = function() return s:with_context { a = value } end,
             message = function() return s:with_message("t", value) end,
             actor = function() return security.new_actor("a", { a = value }) end,
             scope = function() return s:with_scope(security.new_scope(policies)) end,
             can = function() return security.can("a", "b", { a = value }) end,
           } do
             -- One call is enough of what takes long here.
             if not shared or name == "send" then
               local ok, err = call()
               assert(ok == nil and err:kind() == errors.INVALID, name)
               assert(err:find("more than 1048576 bytes", 1, true), err)
             end
           end
         end
         -- Parts that fit alone may be too much together.
         local half = { ("x"):rep(600000) }
         local one = assert(s:with_context { a = half })
         local two, err = one:with_context { b = half }
         print(two, err:kind(), one:with_context { a = half } ~= nil)
         print(select("#", json.decode(json.encode(("x"):rep(3 << 20)))))"##,
    );
    assert_eq!(output, "nil\tInvalid\ttrue\n1\n");
}

#[test]
fn modules_that_require_each_other_are_named() {
    let output = output_of(
        r#"package.preload.a = function() return require("b") end
         package.preload.b = function() return require("c") end
         package.preload.c = function() return require("b") end
         print(select(2, pcall(require, "a")))
         -- Nothing is left of it: now they load.
         package.preload.c = function() return 3 end
         print(require("a"))
         -- A coroutine that requires what another one loads waits for it.
         local count = 0
         package.preload.slow = function()
           count = count + 1
           time.sleep("1ms")
           return count
         end
         local done = channel.new()
         for _ = 1, 3 do
           coroutine.spawn(function() done:send((require("slow"))) end)
         end
         print(done:receive(), done:receive(), done:receive(), count)
         -- Also in a circle over two coroutines, or in a coroutine of its own.
         package.preload.x = function() time.sleep("1ms") return require("y") end
         package.preload.y = function() time.sleep("1ms") return require("x") end
         for _, name in ipairs { "x", "y" } do
           coroutine.spawn(function() done:send(pcall(require, name)) end)
         end
         print(done:receive(), done:receive())
         package.preload.w = function() return coroutine.wrap(function() return require("w") end)() end
         print(pcall(require, "w"))
         package.loaded.a = false
         package.preload.a = function(...) print(...) return false end
         print(require("a"))
         print(require("a"))
         print(pcall(require), pcall(require, {}))"#,
    );
    let expected = "test.lua:3: module 'b' requires itself: b -> c -> b\n3\t:preload:\n1\t1\t1\t1\nfalse\tfalse\ttrue\n\
        false\ttest.lua:27: test.lua:27: module 'w' requires itself: w -> w\na\t:preload:\nfalse\t:preload:\na\t:preload:\nfalse\t:preload:\n\
        false\tfalse\tbad argument #1 to 'require' (string expected, got table)\n";
    assert_eq!(output, expected);
}

#[test]
fn names_that_cannot_be_are_refused_where_they_are_given() {
    let output = output_of(
        r#"local s = assert(process.with_context {})
         local long, bad = ("x"):rep(1025), "\xff"
         for place, call in ipairs {
           function(t) return s:with_name(t) end,
           function(t) return security.new_actor(t) end,
           function(t) return security.new_scope { t } end,
           function(t) return security.new_scope():with(t) end,
         } do
           for _, text in ipairs { long, bad, "" } do
             local ok, err = call(text)
             assert(ok == nil and err:kind() == errors.INVALID, place .. #text)
           end
           assert(call(("x"):rep(1024)), place)
         end
         for place, call in ipairs {
           function(t) return s:with_context { [t] = 1 } end,
           function(t) return process.with_context { [t] = 1 } end,
           function(t) return security.new_actor("a", { [t] = 1 }) end,
           function(t) return s:with_message(t) end,
           function(t) return process.send("x", t) end,
           function(t) return process.send(t, "x") end,
           function(t) return process.listen(t) end,
           function(t) return process.spawn(t, "a:b") end,
           function(t) return process.spawn("a:b", t) end,
           function(t) return process.exec(t, "a:b") end,
           function(t) return process.upgrade(t) end,
           function(t) return process.cancel(t) end,
           function(t) return process.registry.register(t) end,
           function(t) return process.registry.lookup(t) end,
           function(t) return process.registry.unregister(t) end,
           function(t) return ctx.get(t) end,
           function(t) return security.can(t, "b") end,
           function(t) return security.can("b", t) end,
           function(t) return security.policy(t) end,
           function(t) return security.named_scope(t) end,
           function(t) return json.encode { [t] = 1 } end,
         } do
           local ok, err = call(bad)
           assert(ok == nil and err:kind() == errors.INVALID, place)
         end"#,
    );
    assert_eq!(output, "");
}

#[test]
fn times_and_durations_compute() {
    let output = output_of(
        "local t = time.parse('2024-02-29T12:00:00.5+01:00')
         print(t, t:unix(), t:unix_nano(), t:format('%Y-%m-%d %H'), t:add('24h'), t:add(-500000000))
         local u = time.unix(0, 1500000000)
         print(u, u < t, u == time.unix(1, 500000000), t:before(u), t:after(u), t:sub(u):hours() > 1)
         local d = time.parse_duration('1m30s')
         print(d, d:seconds(), d:milliseconds(), d + d, d * 2, 2 * d, d / 2, d / d, d < d * 2, d == d * 1, -d)
         print(time.parse('yesterday')); print(time.parse_duration('1 day')); print(time.sleep({}))",
    );
    let expected = "2024-02-29T11:00:00.5Z\t1709204400\t1709204400500000000\t2024-02-29 11\t\
        2024-03-01T11:00:00.5Z\t2024-02-29T11:00:00Z\n\
        1970-01-01T00:00:01.5Z\ttrue\ttrue\tfalse\ttrue\ttrue\n\
        1m30s\t90.0\t90000\t3m0s\t3m0s\t3m0s\t45s\t1.0\ttrue\ttrue\t-1m30s\n\
        nil\ttime is not in RFC 3339, such as \"2024-02-29T12:00:00Z\"\n\
        nil\tduration is not a duration such as \"1m30s\" or a number\n\
        nil\tduration is not a duration such as \"1m30s\" or a number\n";
    assert_eq!(output, expected);
}

#[test]
fn the_sandbox_has_no_way_out() {
    let output = output_of(
        "print((select(2, load('\\27Lua')))); print(load('return 1', 'x', 'b')); print(load('return ...', 'x', 't')(3))
         print(load('return x', 'x', 't', { x = 4 })()); print(pcall(load('return x', 'x', nil, nil)))
         print(os.execute(), os.execute(nil))
         for _, f in ipairs { os.execute, os.tmpname, io.popen, io.tmpfile, string.dump } do
           local ok, why = pcall(f, 'x')
           print(ok, why:match('is not available'))
         end
         local names = {}
         for name in pairs(debug) do names[#names + 1] = name end
         table.sort(names)
         print(table.concat(names, ' '), package.loadlib('x', 'y'))",
    );
    let expected = "attempt to load a binary chunk (mode is 't')\n\
        nil\tattempt to load a text chunk (mode is 'b')\n3\n4\n\
        false\t[string \"x\"]:1: attempt to index a nil value (upvalue '_ENV')\n\
        false\tfalse\n\
        false\tis not available\nfalse\tis not available\nfalse\tis not available\nfalse\tis not available\n\
        false\tis not available\n\
        debug gethook getinfo getlocal getmetatable getregistry getupvalue getuservalue setcstacklimit sethook \
        setlocal setmetatable setupvalue setuservalue traceback upvalueid upvaluejoin\tnil\tdynamic libraries cannot be loaded\tabsent\n";
    assert_eq!(output, expected);
}

#[test]
fn require_finds_libraries_preloads_and_modules() {
    let mut runtime = mock::Runtime::default();
    let modules = [
        (
            "lib.util",
            "print('once', ...) time.sleep('1ms') return { n = 1 }",
        ),
        ("bare", "x = 1"),
    ];
    for (name, source) in modules {
        let name = name.to_owned();
        let source = source.to_owned();
        let file = format!("{}.lua", name.replace('.', "/"));
        let code = std::thread::spawn(move || {
            let l = boot::state().expect("Lua is set up");
            let code = chunk::compile(l, file.as_bytes(), source.as_bytes());
            code.expect("it compiles").as_slice().to_vec()
        });
        runtime
            .modules
            .insert(name, code.join().expect("it compiles"));
    }
    let run = run_in(
        runtime,
        "coroutine.spawn(function() while true do time.sleep('1us') end end)
         print(require('lib.util').n, require('lib.util') == require('lib.util'), require('bare'), x)
         package.preload.p = function(name) return name .. '!' end
         print(require('p'), require('json') == json, require('string') == string, package.loaded.p)
         print(pcall(require, 'no.such'))
         print(pcall(require))",
    );
    let expected = "once\tlib.util\tlib/util.lua\n1\ttrue\ttrue\t1\n\
        p!\ttrue\ttrue\tp!\n\
        false\tmodule 'no.such' not found:\n\tno field package.preload['no.such']\n\
        \tno file 'no/such.lua'\n\tno file 'no/such/init.lua'\n\
        false\tbad argument #1 to 'require' (string expected, got no value)\n";
    assert_eq!(run.output, expected, "{:?}", run.outcome);
}

#[test]
fn gsub_with_a_function_does_what_gsub_with_a_table_does() {
    // A plain table takes Lua's own gsub, a function that of the prelude.
    let output = output_of(
        "math.randomseed(1)
         local atoms = { 'a', 'b', '.', '%w', '[ab]', '[^a]', '%f[%w]', '()', '(a)', '(b*)', '%b()' }
         local suffixes = { '', '', '*', '+', '-', '?' }
         local replace = { a = 'X', b = false, ab = 7, [''] = '-', [1] = 'first' }
         local compared = 0
         for _ = 1, 20000 do
           local s, p = '', math.random(4) == 1 and '^' or ''
           for _ = 1, math.random(0, 6) do local i = math.random(5); s = s .. ('ab (('):sub(i, i) end
           for _ = 1, math.random(1, 3) do
             local atom = atoms[math.random(#atoms)]
             p = p .. atom .. (#atom < 5 and atom:sub(1, 1) ~= '(' and suffixes[math.random(#suffixes)] or '')
           end
           local max = math.random(3) == 1 and math.random(0, 3) or nil
           local want = table.pack(pcall(string.gsub, s, p, replace, max))
           local got = table.pack(pcall(string.gsub, s, p, function(k) return replace[k] end, max))
           if want[1] ~= got[1] or want[2] ~= got[2] or want[3] ~= got[3] then
             print(s, p, max, want[2], want[3], got[2], got[3])
           end
           compared = compared + (want[1] and 1 or 0)
         end
         print(compared > 10000)
         print(pcall(function() return ('x'):gsub('(', print) end))
         print(pcall(function() return load({}) end))
         print(pcall(function() return ('x'):gsub('x', function() return {} end) end))
         print(pcall(function() return ('x'):gsub('x', print, 'y') end))",
    );
    let expected = "true\nfalse\ttest.lua:22: unfinished capture\n\
        false\ttest.lua:23: bad argument #1 to 'load' (function expected, got table)\n\
        false\ttest.lua:24: invalid replacement value (a table)\n\
        false\ttest.lua:25: bad argument #3 to 'gsub' (number expected, got string)\n";
    assert_eq!(output, expected);
}

#[test]
fn sort_with_a_function_does_what_sort_without_does() {
    let output = output_of(
        "math.randomseed(1)
         for size = 0, 300 do
           local a, b = {}, {}
           for i = 1, size do a[i] = math.random(size // 2 + 1); b[i] = a[i] end
           table.sort(a)
           table.sort(b, function(x, y) return x < y end)
           for i = 1, size do assert(a[i] == b[i]) end
         end
         local big = {}
         for i = 1, 20000 do big[i] = i % 7 end
         table.sort(big, function(x, y) return x > y end)
         print(big[1], big[20000])
         print(pcall(function() table.sort({ 1, 2, 3, 4, 5 }, function() return true end) end))
         print(pcall(function() table.sort({ 1, 2, 'x' }) end))
         print(pcall(function() table.sort({ 1, 2 }, 5) end))",
    );
    let expected = "6\t0\n\
        false\ttest.lua:13: invalid order function for sorting\n\
        false\tattempt to compare string with number\n\
        false\ttest.lua:15: bad argument #2 to 'sort' (function expected, got number)\n";
    assert_eq!(output, expected);
}

#[test]
fn a_bundled_module_leaves_its_short_name_to_the_program() {
    let output = output_of(
        r##"local task, where = require("task")
         print(type(task.async), where, require("warren.task") == task)
         package.loaded.task = nil
         package.preload.task = function() return "own" end
         print((require("task")), require("warren.task") == task)"##,
    );
    assert_eq!(output, "function\twarren.task\ttrue\nown\ttrue\n");
}

#[test]
fn a_traceback_ends_its_message_at_the_first_zero() {
    let output = output_of(
        "local zeros = ('\\0'):rep(10000)
         for _, message in ipairs { zeros, 'a\\0b', 'a\\0stack traceback:\\n\\tzz' .. zeros } do
           local text = debug.traceback(message)
           print(#text:match('^[^\\n]*'), text:match('\\n(stack traceback:)\\n\\t'))
         end
         print((select(2, xpcall(function() error(zeros, 0) end, debug.traceback)):match('^\\n')))
         print(debug.traceback(7):match('^%d'), debug.traceback():match('^stack traceback'))",
    );
    assert_eq!(
        output,
        "0\tstack traceback:\n1\tstack traceback:\n1\tstack traceback:\n\n\n7\tstack traceback\n"
    );
}

#[test]
fn a_quoted_error_is_its_text() {
    assert_eq!(
        output_of("print(('%q'):format(errors.new('a\"b')))"),
        "\"a\\\"b\"\n"
    );
}

#[test]
fn a_scope_of_no_list_is_refused() {
    let output = output_of(
        "for _, policies in ipairs { { a = 'app:p' }, { 'app:p', nil, 'app:q' }, { [2] = 'app:p' } } do
           local scope, err = security.new_scope(policies)
           print(scope, err, err:kind())
         end
         print(#security.new_scope({ 'app:p', 'app:q' }):policies())",
    );
    assert_eq!(
        output,
        format!(
            "{}2\n",
            "nil\tpolicies is not a list without holes\tInvalid\n".repeat(3)
        )
    );
}

#[test]
fn a_payload_in_no_format_is_refused() {
    let output = output_of(
        "for _, format in ipairs { 'x/y', payload.format.STRING, payload.format.ERROR } do
           local value, err = payload.new({ 1 }):transcode(format)
           print(value, err:kind(), err:retryable())
         end
         print(payload.new(1):transcode())",
    );
    assert_eq!(
        output,
        "nil\tInternal\tfalse\nnil\tInternal\tfalse\nnil\tInternal\tfalse\n\
         nil\tformat is missing\n"
    );
}

#[test]
fn a_name_longer_than_any_zone_is_not_found() {
    let output = output_of(
        "local zone, err = time.load_location(('x'):rep(100000))
         print(zone, err, err:kind())",
    );
    assert_eq!(
        output,
        "nil\ttime zone not found: its name has 100000 bytes\tNotFound\n"
    );
}
