//! Where a program may block while its other coroutines run: everywhere that
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
fn not_inside_what_lua_cannot_leave() {
    let output = switching(
        "local lazy = setmetatable({}, { __tostring = function() nap(); return 'x' end })
         print(select(2, pcall(function() return tostring(lazy) end)))
         print(select(2, load(function() nap() end)))
         xpcall(error, function() print(select(2, pcall(nap))) end)
         setmetatable({}, { __gc = function() print(select(2, pcall(nap))) end })
         collectgarbage()",
    );
    for (line, place) in output
        .lines()
        .zip(["tostring", "load", "message handler", "__gc"])
    {
        assert!(
            line.starts_with("test.lua:3: attempt to block in ") && line.contains(place),
            "{line}"
        );
    }
    assert_eq!(output.lines().count(), 4, "{output}");
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
