//! The places where a program may block while its other coroutines run: everywhere that
//! Lua can be left and come back to.

use super::output_of;

/// Runs `body` beside a coroutine that is always about to wake, so that every
/// block is a switch of the scheduler. `nap(x)` blocks and returns `x`.
fn switching(body: &str) -> String {
    output_of(&format!(
        "local others = 0
         coroutine.spawn(function() while true do others = others + 1; time.sleep('1ms') end end)
         local function nap(...) local before = others; time.sleep('3ms'); assert(others > before); return ... end
         {body}"
    ))
}

#[test]
fn inside_nested_pcalls() {
    assert_eq!(
        switching("print(pcall(pcall, pcall, nap, 1))"),
        "true\ttrue\ttrue\t1\n"
    );
    assert_eq!(switching("print(xpcall(nap, print, 'x'))"), "true\tx\n");
    assert_eq!(
        switching("print(pcall(function() nap(); error('boom') end))"),
        "false\ttest.lua:4: boom\n"
    );
    assert_eq!(
        switching(
            "print(xpcall(function() nap(); error('boom', 0) end, function(m) return 'handled ' .. m end))"
        ),
        "false\thandled boom\n"
    );
}

#[test]
fn inside_metamethods() {
    let output = switching(
        "local mt = {
           __add = function() return nap('add') end, __index = function(_, k) return nap('index ' .. k) end,
           __newindex = function(t, k, v) nap(); rawset(t, k, v) end, __call = function(_, x) return nap(x) end,
           __eq = function() return nap(true) end, __lt = function() return nap(true) end,
           __le = function() return nap(false) end, __concat = function() return nap('concat') end,
           __len = function() return nap(7) end, __unm = function() return nap('unm') end,
           __close = function() nap(); print('closed') end,
           __pairs = function(t) nap(); return function(_, k) nap(); if not k then return 1, 2 end end, t, nil end }
         local a, b = setmetatable({}, mt), setmetatable({}, mt)
         print(a + 1, a.x, a(5), a == b, a < b, a <= b, a .. 'x', #a, -a)
         a.z = 4
         print(rawget(a, 'z'))
         for k, v in pairs(a) do print(k, v) end
         do local c <close> = b end",
    );
    assert_eq!(
        output,
        "add\tindex x\t5\ttrue\ttrue\tfalse\tconcat\t7\tunm\n4\n1\t2\nclosed\n"
    );
}

#[test]
fn inside_an_iterator() {
    let output = switching(
        "for i in function(_, i) nap(); i = (i or 0) + 1; if i <= 3 then return i end end do print(i) end",
    );
    assert_eq!(output, "1\n2\n3\n");
}

#[test]
fn inside_a_comparison_of_table_sort() {
    let output = switching(
        "local t = { 5, 3, 8, 1, 9, 2, 7 }
         table.sort(t, function(a, b) nap(); return a < b end)
         print(table.concat(t, ' '))
         local mt = { __lt = function(a, b) nap(); return a.v < b.v end }
         local u = {}
         for i, v in ipairs { 3, 1, 2 } do u[i] = setmetatable({ v = v }, mt) end
         table.sort(u)
         print(u[1].v, u[2].v, u[3].v)",
    );
    assert_eq!(output, "1 2 3 5 7 8 9\n1\t2\t3\n");
}

#[test]
fn inside_a_replacement_of_string_gsub() {
    let output = switching(
        "print(string.gsub('hello world', 'o', function(c) return nap('<' .. c .. '>') end))
         print(('abc'):gsub('', function() return nap('-') end))
         print(('abc def'):gsub('(%w)(%w*)', function(x, y) return nap(y .. x) end, 1))
         print(('$name'):gsub('%$(%w+)', setmetatable({}, { __index = function(_, k) return nap(k:upper()) end })))
         print(errors.new('an error'):gsub('r', function() return nap('R') end))",
    );
    assert_eq!(
        output,
        "hell<o> w<o>rld\t2\n-a-b-c-\t4\nbca def\t1\nNAME\t1\nan eRRoR\t3\n"
    );
}

#[test]
fn inside_wrapped_and_resumed_coroutines() {
    let output = switching(
        "local w = coroutine.wrap(function(x) local y = coroutine.yield(nap(x)); nap(); coroutine.yield(y); return 'end' end)
         print(w(1), w(2), w())
         local co = coroutine.create(function(...) local z = coroutine.yield(nap(...)); nap(); error({ code = z }) end)
         print(coroutine.resume(co, 'in'))
         print(coroutine.status(co))
         local ok, err = coroutine.resume(co, 42)
         print(ok, err.code, coroutine.status(co))
         local outer = coroutine.wrap(function()
           local inner = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(nap(i)) end end)
           for _ = 1, 3 do coroutine.yield(inner() * 10) end
         end)
         print(outer(), outer(), outer())",
    );
    assert_eq!(
        output,
        "1\t2\tend\ntrue\tin\nsuspended\nfalse\t42\tdead\n10\t20\t30\n"
    );
}

#[test]
fn a_coroutine_that_blocks_cannot_be_resumed_by_another_task() {
    let output = switching(
        "local co = coroutine.create(function() nap(); return 'mine' end)
         coroutine.spawn(function() print(coroutine.status(co), coroutine.resume(co)); print(pcall(coroutine.close, co)) end)
         print(coroutine.resume(co))",
    );
    assert_eq!(
        output,
        "normal\tfalse\tcannot resume non-suspended coroutine\n\
         false\tcannot close a normal coroutine\ntrue\tmine\n"
    );
}

#[test]
fn inside_the_functions_of_the_last_of_several_classes() {
    let output = switching(
        "local base = setmetatable({}, { __index = function(_, i) if i == 2 then return nap('lazy') end end })
         local class = setmetatable({}, { __index = base })
         local object = setmetatable({ 'own' }, { __index = class })
         for i, v in ipairs(object) do io.write(i, v, ' ') end
         print(table.concat(object, ' ', 1, 2))
         local plain = setmetatable({ 1 }, { __index = setmetatable({ nil, 'from the class' }, { __index = {} }) })
         table.insert(plain, 1, 0)
         for i, v in ipairs(plain) do io.write(i, v, ' ') end
         print(table.unpack(plain, 1, 2))",
    );
    assert_eq!(output, "1own 2lazy own lazy\n10 21 0\t1\n");
}

/// A table whose elements, length and assignments block.
const LAZY: &str = "
    local mt = {
      __index = function(t, i) if math.type(i) == 'integer' and i >= 1 and i <= 3 then return nap(i * 10) end end,
      __newindex = function(t, k, v) nap(); rawset(t, k, v) end,
      __len = function() return nap(3) end,
    }
    local function lazy(t) return setmetatable(t or {}, mt) end
    ";

fn lazily(body: &str) -> String {
    switching(&format!("{LAZY} {body}"))
}

#[test]
fn inside_metamethods_that_the_table_library_calls() {
    let output = lazily(
        "print(table.concat(lazy(), ','), table.concat(lazy(), ' ', 2), table.concat(lazy(), '', 3, 2))
         print(table.unpack(lazy()))
         print(select('#', table.unpack(lazy(), 2, 5)), table.unpack(lazy(), -1, 1))
         local t = lazy(); table.insert(t, 'x'); print(rawget(t, 4))
         t = lazy(); table.insert(t, 2, 'x'); print(rawget(t, 2), rawget(t, 3), rawget(t, 4))
         t = lazy(); print(table.remove(t), rawget(t, 3)); print(table.remove(lazy(), 1), table.remove(lazy(), 4))
         t = table.move(lazy(), 1, 3, 2); print(rawget(t, 2), rawget(t, 3), rawget(t, 4))
         t = table.move({ 'a', 'b' }, 1, 2, 3, lazy()); print(rawget(t, 3), rawget(t, 4))
         t = table.move(lazy(), 1, 2, 1, {}); print(t[1], t[2])
         t = lazy(); table.sort(t, function(a, b) return a > b end); print(rawget(t, 1), t[2], rawget(t, 3))
         t = lazy(); table.sort(t); print(rawget(t, 1), t[3])
         for i, v in ipairs(lazy()) do io.write(i, '=', v, ' ') end print()",
    );
    assert_eq!(
        output,
        "10,20,30\t20 30\t\n10\t20\t30\n4\tnil\tnil\t10\nx\nx\t20\t30\n30\tnil\n10\tnil\n\
         10\t20\t30\na\tb\n10\t20\n30\t20\t10\nnil\t30\n1=10 2=20 3=30 \n"
    );
}

#[test]
fn inside_metamethods_of_elements_and_of_strings() {
    let output = switching(
        "local less = { __lt = function(a, b) nap(); return a.v < (type(b) == 'table' and b.v or b) end }
         local list = {}
         for i, v in ipairs { 3, 1, 2 } do list[i] = setmetatable({ v = v }, less) end
         table.sort(list)
         print(list[1].v, list[2].v, list[3].v)
         print(pcall(table.sort, { 1, setmetatable({ v = 2 }, { __lt = function() return nap(false) end }) }))
         local number = setmetatable({}, {
           __add = function(a) return nap(a .. '+') end, __mod = function(a) return nap(a .. '%') end,
           __pow = function(a) return nap(a .. '^') end, __idiv = function(a) return nap(a .. '//') end })
         print('1' + number, '2' % number, 'x' ^ number, '4' // number)
         print('10' + 5, '3' * '4', -'2')
         print(select(2, pcall(function() return 'x' + 1 end)))
         print(select(2, pcall(function() return '1' - number end)))
         local parts = setmetatable({}, { __index = function(_, k) return nap(({ year = 2020, month = 2, day = 30, hour = 0 })[k]) end })
         print(os.time(parts), rawget(parts, 'month'), rawget(parts, 'day'))
         print(select(2, pcall(function() os.time(setmetatable({}, { __index = function() return nap() end })) end)))",
    );
    assert_eq!(
        output,
        "1\t2\t3\ntrue\n1+\t2%\tx^\t4//\n15\t12\t-2\n\
         test.lua:15: attempt to add a 'string' with a 'number'\n\
         test.lua:16: attempt to sub a 'string' with a 'table'\n\
         1583020800\t3\t1\ntest.lua:19: field 'year' missing in date table\n"
    );
}

#[test]
fn inside_what_closing_a_coroutine_calls() {
    let output = switching(
        "local log = {}
         local function closing(name, fails)
           return setmetatable({}, { __close = function(_, err)
             nap(); log[#log + 1] = name .. ':' .. tostring(err); if fails then error(fails, 0) end
           end })
         end
         local function make(fails)
           local co = coroutine.create(function()
             local a <close> = closing('a')
             local b <close> = closing('b', fails)
             coroutine.yield()
           end)
           coroutine.resume(co)
           return co
         end
         local co = make()
         coroutine.spawn(function() print(coroutine.status(co), (coroutine.resume(co))); print((pcall(coroutine.close, co))) end)
         print(coroutine.close(co), coroutine.status(co), coroutine.close(co))
         print(table.concat(log, ' ')); log = {}
         print(coroutine.close(make('b fails')))
         print(table.concat(log, ' ')); log = {}
         co = coroutine.create(function() local c <close> = closing('c'); error('boom', 0) end)
         print(coroutine.resume(co))
         print(coroutine.status(co), coroutine.close(co))
         print(coroutine.close(co))
         print(table.concat(log, ' ')); log = {}
         local wrapped = coroutine.wrap(function() local d <close> = closing('d', 'd fails'); error('boom', 0) end)
         print(pcall(wrapped))
         print(pcall(wrapped))
         print(table.concat(log, ' '))",
    );
    assert_eq!(
        output,
        "normal\tfalse\nfalse\ntrue\tdead\ttrue\nb:nil a:nil\nfalse\tb fails\nb:nil a:b fails\n\
         false\tboom\ndead\tfalse\tboom\ntrue\nc:boom\n\
         false\td fails\nfalse\tcannot resume dead coroutine\nd:boom\n"
    );
}

#[test]
fn errors_of_lazy_tables_are_those_of_lua() {
    let output = lazily(
        "local function why(f, ...) print(select(2, pcall(f, ...))) end
         local holes = setmetatable({}, { __index = function() return nap({}) end, __len = function() return 2 end })
         why(table.concat, holes)
         why(function() table.concat(holes) end)
         why(function() table.insert(lazy(), 6, 'x') end)
         why(function() table.insert(lazy(), 0, 'x') end)
         why(function() table.insert(lazy()) end)
         why(function() table.insert(lazy(), 'x', 1) end)
         why(function() table.remove(lazy(), 5) end)
         why(function() table.unpack(lazy(), 1, 1e8) end)
         why(function() table.unpack(lazy(), 1.5) end)
         why(function() table.move(lazy(), 1, math.maxinteger, 2) end)
         why(function() table.sort(lazy(), 1) end)
         why(function() return table.concat(setmetatable({}, { __len = function() return 'x' end })) end)",
    );
    let expected = "invalid value (at index 1) in table for 'concat'
test.lua:11: invalid value (at index 1) in table for 'concat'
test.lua:12: bad argument #2 to 'insert' (position out of bounds)
test.lua:13: bad argument #2 to 'insert' (position out of bounds)
test.lua:14: wrong number of arguments to 'insert'
test.lua:15: bad argument #2 to 'insert' (number expected, got string)
test.lua:16: bad argument #2 to 'remove' (position out of bounds)
test.lua:17: too many results to unpack
test.lua:18: bad argument #2 to 'unpack' (number has no integer representation)
test.lua:19: bad argument #4 to 'move' (destination wrap around)
test.lua:20: bad argument #2 to 'sort' (function expected, got number)
test.lua:21: object length is not an integer
";
    let without_lines = |text: &str| {
        let lines = text.lines().map(|line| match line.split_once(": ") {
            Some((place, rest)) if place.starts_with("test.lua:") => format!("test.lua: {rest}"),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(without_lines(&output), without_lines(expected));
}

#[test]
fn not_inside_what_lua_cannot_leave() {
    // Each line: what blocks, and the place that is named.
    let places = [
        ("tostring(lazy)", "a function called by 'tostring'"),
        ("print(lazy)", "a function called by 'print'"),
        ("string.format('%s', lazy)", "a function called by 'format'"),
        ("('%s'):format(lazy)", "a function called by 'format'"),
        (
            "error((select(2, load(function() nap() end))), 0)",
            "a function called by 'load'",
        ),
        // Inside coroutines and functions that could be left.
        (
            "tostring(setmetatable({}, { __tostring = function() return coroutine.wrap(function() nap() end)() end }))",
            "a function called by 'tostring'",
        ),
        (
            "tostring(setmetatable({}, { __tostring = function() error(select(3, pcall(pcall, nap)), 0) end }))",
            "a function called by 'tostring'",
        ),
        (
            "tostring(setmetatable({}, { __tostring = function() table.sort({ 2, 1 }, function() nap() end) end }))",
            "a function called by 'tostring'",
        ),
        ("xpcall(error, handler)", "a message handler"),
        (
            "xpcall(function() local x = nil; x() end, handler)",
            "a message handler",
        ),
        ("xpcall(string.rep, handler)", "a message handler"),
        (
            "xpcall(function() tostring() end, handler)",
            "a message handler",
        ),
        (
            "pcall(xpcall, function() pcall(error); error() end, handler)",
            "a message handler",
        ),
        (
            "setmetatable({}, { __gc = handler }); collectgarbage()",
            "__gc",
        ),
        (
            "local t = setmetatable({}, { __gc = handler }); t = nil; tostring(setmetatable({}, { __tostring = function() collectgarbage(); return '' end }))",
            "__gc",
        ),
        (
            "tostring(setmetatable({}, { __tostring = function() process.exec('app:f', 'app:processes') end }))",
            "a function called by 'tostring'",
        ),
    ];
    for (body, place) in places {
        let output = switching(&format!(
            "local lazy = setmetatable({{}}, {{ __tostring = function() nap(); return 'x' end }})
             local why
             local function handler() why = select(2, pcall(nap)) end
             local ok, err = pcall(function() {body} end)
             io.write(tostring(why or err))"
        ));
        let (_, named) = output
            .split_once(": attempt to block in ")
            .unwrap_or_default();
        assert_eq!(named, place, "{body}: {output}");
    }
}

#[test]
fn everywhere_while_nothing_else_could_run() {
    let output = output_of(
        "local lazy = setmetatable({}, { __tostring = function() time.sleep('1s'); return 'late' end })
         print(lazy)
         setmetatable({}, { __gc = function() time.sleep('1s'); print('collected') end })
         collectgarbage()",
    );
    assert_eq!(output, "late\ncollected\n");
}
