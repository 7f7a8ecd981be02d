-- The functions of `assert` and `test`: their statements, their errors and their results.
-- shows: TS-9, TS-10, TS-11, TS-12
local lua_assert = assert
local assert, test = require("assert"), require("test")

-- The library is no global, and may be called as the global is.
lua_assert(_G.assert == lua_assert and assert ~= lua_assert)
lua_assert(select("#", assert(1, nil, 3)) == 3)
local ok, err = pcall(assert, false, "no")
lua_assert(not ok and err == "no")
ok, err = pcall(assert, nil)
lua_assert(not ok and err == "assertion failed!")

local function here()
  return debug.getinfo(2, "l").currentline
end

-- Each statement that does not hold raises at the line of its caller.
local function fails(expected, check, ...)
  local arguments = table.pack(...)
  local line
  local returned, raised = pcall(function()
    line = here() + 1
    check(table.unpack(arguments, 1, arguments.n))
  end)
  lua_assert(not returned, "it held: " .. expected)
  lua_assert(raised == "checks.lua:" .. line .. ": " .. expected, raised)
end

local gone = errors.new { message = "it is gone", kind = errors.NOT_FOUND }

for _, library in ipairs { assert, test } do
  library.eq(1, 1.0)
  library.eq({ 1, { a = "x" } }, { 1, { a = "x" } })
  library.eq(setmetatable({}, { __eq = function() return true end }), setmetatable({ 1 }, {}))
  fails("assertion failed: expected 2, got 1", library.eq, 1, 2)
  fails('sum: expected 2, got "2"', library.eq, "2", 2, "sum")
  fails("assertion failed: expected nil, got false", library.eq, false, nil)
  fails("assertion failed: expected {1, 2, x = 3}, got {1, 3, y = {}}\n"
    .. "  [2]: expected 2, got 3\n  .x: expected 3, got nil\n  .y: expected nil, got {}",
    library.eq, { 1, 3, y = {} }, { 1, 2, x = 3 })
  fails('assertion failed: expected {a = {b = {["c d"] = 1}}}, got {a = {b = {["c d"] = 2}}}\n'
    .. '  .a.b["c d"]: expected 1, got 2', library.eq, { a = { b = { ["c d"] = 2 } } }, { a = { b = { ["c d"] = 1 } } })
  local function named(name)
    return setmetatable({ name }, { __tostring = function() return name end })
  end
  fails('assertion failed: expected a, got b\n  [1]: expected "a", got "b"', library.eq, named "b", named "a")

  library.neq(1, 2)
  library.neq({ 1 }, { 2 })
  fails("assertion failed: expected anything but {1}", library.neq, { 1 }, { 1 })
  lua_assert(library.ok("x") == "x" and library.not_nil(false) == false)
  fails("it: expected a true value, got nil", library.ok, nil, "it")
  fails("assertion failed", library.fail)
  fails("never", library.fail, "never")
  library.is_nil(nil)
  fails("assertion failed: expected nil, got 1", library.is_nil, 1)
  fails("assertion failed: expected a value, got nil", library.not_nil, nil)
  lua_assert(library.is_string("s") == "s" and library.is_number(1) == 1 and library.is_boolean(false) == false)
  local t = {}
  lua_assert(library.is_table(t) == t and library.is_function(print) == print)
  fails("assertion failed: expected a string, got 1", library.is_string, 1)
  fails('assertion failed: expected a number, got "1"', library.is_number, "1")
  fails("assertion failed: expected a table, got nil", library.is_table, nil)
  fails("assertion failed: expected a function, got {}", library.is_function, {})
  fails("assertion failed: expected a boolean, got nil", library.is_boolean, nil)
  lua_assert(library.contains("a.b", ".") == "a.b" and library.contains(gone, "gone") == gone)
  lua_assert(library.contains({ 1, { 2 } }, { 2 })[1] == 1)
  fails('assertion failed: expected something that contains "c", got "ab"', library.contains, "ab", "c")
  fails('assertion failed: expected something that contains 3, got {1, 2}', library.contains, { 1, 2 }, 3)
  lua_assert(library.has_error(nil, gone) == gone and library.no_error("v", nil) == "v")
  fails("assertion failed: expected nil and an error, got 1", library.has_error, 1, "e")
  fails("assertion failed: expected an error, got nil", library.has_error, nil, nil)
  fails("assertion failed: expected no error, got it is gone", library.no_error, nil, gone)
  lua_assert(library.throws(function() error(gone) end) == gone)
  lua_assert(library.not_throws(function() return 7 end) == 7)
  fails("assertion failed: expected an error, got none", library.throws, function() end)
  fails('assertion failed: expected no error, got "boom"', library.not_throws, function() error("boom", 0) end)
  fails("bad argument #1 to 'throws' (function expected, got nil)", library.throws, nil)

  -- Structured errors, as calls of the runtime return them.
  local _, missing = process.send("nobody", "t")
  lua_assert(library.error_kind(missing, errors.NOT_FOUND) == missing)
  lua_assert(library.error_contains(missing, "not registered") == missing)
  lua_assert(library.error_contains("plain text", "text") == "plain text")
  fails('assertion failed: expected an error of kind "Invalid", got "NotFound": it is gone',
    library.error_kind, gone, errors.INVALID)
  fails('assertion failed: expected a structured error of kind "Invalid", got "text"',
    library.error_kind, "text", errors.INVALID)
  fails('assertion failed: expected an error that contains "x", got "it is gone"', library.error_contains, gone, "x")
  fails('assertion failed: expected an error that contains "x", got nil', library.error_contains, nil, "x")
end

lua_assert(assert.is_true == nil and assert.describe == nil)
lua_assert(test.is_true(true) and test.is_false(false) == false and test.matches("a1", "%d") == "a1")
lua_assert(test.has_key({ a = 1 }, "a") == 1 and #test.len({ 1, 2 }, 2) == 2 and test.len("ab", 2) == "ab")
lua_assert(test.gt(2, 1) == 2 and test.gte(2, 2) == 2 and test.lt(1, 2) == 1 and test.lte(2, 2) == 2)
fails("assertion failed: expected true, got 1", test.is_true, 1)
fails("assertion failed: expected false, got nil", test.is_false, nil)
fails('assertion failed: expected a text that matches "%d", got "a"', test.matches, "a", "%d")
fails('assertion failed: expected the key "b" in {a = 1}', test.has_key, { a = 1 }, "b")
fails('assertion failed: expected a table with the key "b", got nil', test.has_key, nil, "b")
fails("assertion failed: expected the length 3, got 2 of {1, 2}", test.len, { 1, 2 }, 3)
fails("assertion failed: expected the length 3, got 5, which has none", test.len, 5, 3)
fails("assertion failed: expected more than 2, got 2", test.gt, 2, 2)
fails("assertion failed: expected 3 or more, got 2", test.gte, 2, 3)
fails("assertion failed: expected less than 2, got 2", test.lt, 2, 2)
fails("assertion failed: expected 1 or less, got 2", test.lte, 2, 1)

-- The text of any comparison is short, in one line for each difference, and made in a moment.
local cycle = { name = "a" }
cycle.self = cycle
local other = { name = "b" }
other.self = other
fails('assertion failed: expected {name = "b", self = {itself}}, got {name = "a", self = {itself}}\n'
  .. '  .name: expected "b", got "a"', test.eq, cycle, other)
local same = { name = "a" }
same.self = same
test.eq(cycle, same)
local huge = {}
for i = 1, 100000 do
  huge[i] = ("x"):rep(100)
end
local _, raised = pcall(test.eq, huge, {})
lua_assert(#raised < 10000 and select(2, raised:gsub("\n", "")) == 11, raised)
fails('assertion failed: expected "", got "\\x00\\xff\\n\\"' .. ("y"):rep(196) .. '"...', test.eq,
  "\0\xff\n\"" .. ("y"):rep(300), "")
