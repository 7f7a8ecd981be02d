-- A scheduler switch passes through `coroutine.wrap` and `resume` unseen: what
-- the program's own coroutines yield stays theirs.
-- shows: O-6
local ch = channel.new()
coroutine.spawn(function()
  for i = 1, math.huge do
    ch:send(i)
  end
end)

local generate = coroutine.wrap(function(...)
  assert(select("#", ...) == 1)
  for _ = 1, 3 do
    local value = ch:receive()
    local back = coroutine.yield(value, "own")
    assert(back == value)
  end
  return "end"
end)
local value, own = generate("start")
assert(value == 1 and own == "own")
assert(generate(1) == 2 and generate(2) == 3 and generate(3) == "end")

local co = coroutine.create(function()
  local inner = coroutine.wrap(function()
    coroutine.yield(ch:receive())
    error("inner " .. ch:receive(), 0)
  end)
  coroutine.yield(inner())
  inner()
end)
local ok
ok, value = coroutine.resume(co)
assert(ok and value == 4 and coroutine.status(co) == "suspended")
ok, value = coroutine.resume(co)
assert(not ok and value:find("inner 5$") and coroutine.status(co) == "dead")
assert(coroutine.isyieldable() ~= nil and coroutine.running() ~= nil)
