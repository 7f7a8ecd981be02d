-- Blocking in metamethods that functions of Lua's libraries call.
-- shows: O-10
coroutine.spawn(function() while true do time.sleep("1ms") end end)
local function nap(...)
  time.sleep("1ms")
  return ...
end

local lazy_class = {
  __index = function(_, i) return nap(math.type(i) == "integer" and i >= 1 and i <= 3 and i * 10 or nil) end,
  __newindex = function(t, k, v) nap() rawset(t, k, v) end,
  __len = function() return nap(3) end,
}
local function lazy() return setmetatable({}, lazy_class) end

local sum = 0
for _, value in ipairs(lazy()) do sum = sum + value end
assert(sum == 60)
assert(table.concat(lazy(), ",") == "10,20,30")
assert(select("#", table.unpack(lazy())) == 3)
local t = lazy()
table.insert(t, 1, "x")
assert(rawget(t, 1) == "x" and rawget(t, 4) == 30)
assert(table.remove(lazy()) == 30)
assert(rawget(table.move(lazy(), 1, 3, 2), 4) == 30)
t = lazy()
table.sort(t, function(a, b) return nap(a > b) end)
assert(rawget(t, 1) == 30 and rawget(t, 3) == 10)

-- Arithmetic of strings, and of mixed elements.
local number = setmetatable({}, { __add = function(a) return nap(a .. "!") end })
assert("1" + number == "1!")
local before = setmetatable({}, { __lt = function(_, other) return nap(other ~= 1) end })
table.sort { 1, before }

-- Closes a coroutine.
local closed = {}
local function closing(name)
  return setmetatable({}, { __close = function() closed[#closed + 1] = nap(name) end })
end
local co = coroutine.create(function()
  local a <close> = closing("a")
  local b <close> = closing("b")
  coroutine.yield()
end)
coroutine.resume(co)
assert(coroutine.close(co) and table.concat(closed) == "ba" and coroutine.status(co) == "dead")
local failing = coroutine.wrap(function()
  local c <close> = closing("c")
  error("boom", 0)
end)
local ok, err = pcall(failing)
assert(not ok and err == "boom" and closed[3] == "c")

assert(os.time(setmetatable({}, { __index = function(_, k) return nap(({ year = 2020, month = 1, day = 2 })[k]) end })))
