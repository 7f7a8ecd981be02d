-- A table arrives as a copy: keys of four types, arrays and maps, no
-- metatables, and no sharing.
-- shows: C-4, C-7, C-8, C-9, C-10

local inbox = process.inbox()

local function across(value)
  assert(process.send(process.pid(), "value", value))
  return (inbox:receive():payload())
end

local sent = { list = { 1, 2 } }
assert(process.send(process.pid(), "value", sent))
sent.list[1] = "changed"
local received = inbox:receive():payload()
assert(received.list[1] == 1 and received ~= sent)

local keys = across { [true] = 1, [false] = 2, text = 3, [7] = 4, [-1] = 5, [1.5] = 6, ["7"] = 8, [""] = 9 }
assert(keys[true] == 1 and keys[false] == 2 and keys.text == 3 and keys[7] == 4)
assert(keys[-1] == 5 and keys[1.5] == 6 and keys["7"] == 8 and keys[""] == 9)

local array = across { "a", "b", "c", { "d" } }
assert(#array == 4 and array[3] == "c" and array[4][1] == "d")
local sparse = across { [1] = "a", [3] = "c" }
assert(sparse[1] == "a" and sparse[2] == nil and sparse[3] == "c")
local mixed = across { "a", "b", n = 2 }
assert(mixed[1] == "a" and mixed[2] == "b" and mixed.n == 2)
assert(next(across {}) == nil)

local called = false
local object = setmetatable({ x = 1 }, {
  __index = function() called = true end,
  __pairs = function() called = true end,
  __len = function() called = true return 9 end,
})
local plain = across(object)
assert(plain.x == 1 and getmetatable(plain) == nil and not called)

local shared = { 1 }
local both = across { shared, shared }
assert(both[1] ~= both[2] and both[1][1] == 1 and both[2][1] == 1)
