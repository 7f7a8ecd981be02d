-- Blocking calls work in metamethods.
-- shows: O-4
local ch = channel.new()
coroutine.spawn(function()
  for i = 1, math.huge do
    ch:send(i)
  end
end)
local function take()
  return (ch:receive())
end

local t = setmetatable({}, {
  __index = function(_, key)
    return key .. take()
  end,
  __newindex = function(t, key, value)
    rawset(t, key, value + take())
  end,
  __call = function(_, x)
    return x + take()
  end,
  __add = function(_, x)
    return x + take()
  end,
  __concat = function(_, x)
    return x .. take()
  end,
  __len = take,
  __eq = function()
    return take() > 0
  end,
  __lt = function()
    return take() > 0
  end,
  __unm = take,
})
assert(t.a == "a1")
t.b = 10
assert(rawget(t, "b") == 12)
assert(t(10) == 13 and t + 10 == 14 and t .. "x" == "x5" and #t == 6)
assert(t == setmetatable({}, getmetatable(t)) and t < t and -t == 9)

local closed
do
  local _ <close> = setmetatable({}, {
    __close = function()
      closed = take()
    end,
  })
end
assert(closed == 10)
