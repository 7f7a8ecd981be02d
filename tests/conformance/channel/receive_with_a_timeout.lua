-- receive with a timeout, of every kind of channel, alone and among coroutines.
-- shows: H-14
local function timeout(ch, ...)
  local results = table.pack(ch:receive(...))
  assert(results.n == 3 and results[1] == nil and results[2] == false and results[3] == "timeout")
end

local function everywhere()
  local began = time.now()
  for _, ch in ipairs { channel.new(), channel.new(2), process.inbox(), process.events(), process.listen("t"), time.timer("1h"):channel(), time.ticker("1h"):channel() } do
    for _, given in ipairs { 1, "1ms", time.parse_duration("1ms"), { timeout = 1 }, { timeout = "1ms" }, 0, -5, "-1h", 0.5 } do
      timeout(ch, given)
    end
  end
  assert(time.now():sub(began):seconds() < 60)
end
everywhere()

-- A number is milliseconds.
local began = time.now()
timeout(channel.new(), 30)
local took = time.now():sub(began):milliseconds()
assert(took >= 30 and took < 20000)

-- A value that is there, one that comes, and nothing given.
local ch = channel.new(3)
ch:send("a")
ch:send(nil)
ch:send(false)
local function is(value, ...)
  local results = table.pack(...)
  assert(results.n == 2 and results[1] == value and results[2] == true)
end
is("a", ch:receive(0))
is(nil, ch:receive("1h"))
is(false, ch:receive {})
process.send(process.pid(), "t", 5)
is(5, process.listen("t"):receive("1h"))
ch:send("b")
is("b", ch:receive(nil))
coroutine.spawn(function()
  time.sleep("20ms")
  ch:send("late")
end)
is("late", ch:receive("1h"))
everywhere()

-- A channel that is closed, or closes meanwhile.
local function closed(...)
  local results = table.pack(...)
  assert(results.n == 2 and results[1] == nil and results[2] == false)
end
coroutine.spawn(function()
  time.sleep("5ms")
  ch:close()
end)
closed(ch:receive("1h"))
closed(ch:receive(1))
local stopped = time.timer("1h")
stopped:stop()
closed(stopped:channel():receive(1))
local done = channel.new()
local running = time.timer("1h")
coroutine.spawn(function()
  closed(running:channel():receive("1h"))
  done:send(true)
end)
time.sleep("1ms")
running:stop()
is(true, done:receive("1h"))

-- One of several that wait: the others stay in order.
local order, served = channel.new(), channel.new(3)
for name, limit in pairs { first = "5ms", second = "1h" } do
  coroutine.spawn(function()
    served:send(name .. (select(3, order:receive(limit)) or ""))
  end)
end
is("firsttimeout", served:receive("1h"))
order:send("x")
is("second", served:receive("1h"))

-- Values that are no timeout.
for _, wrong in ipairs { "soon", "", "5", true, print, { timeout = "x" }, { timeout = {} }, { timout = 1 }, { 5 }, 0 / 0, 1e300 } do
  local value, ok, err = ch:receive(wrong)
  assert(value == nil and ok == false and err:kind() == errors.INVALID, tostring(wrong))
end
assert(tostring(select(3, ch:receive { timout = 1 })) == "the only option is 'timeout'")
assert(tostring(select(3, ch:receive(print))):find("timeout is not a duration", 1, true))
assert(not pcall(ch.receive, nil, 5))

-- Deadlines that were not needed are forgotten at once: the process does not grow.
coroutine.spawn(function()
  for i = 1, 200000 do
    ch:receive("1h")
  end
end)
local from, to = channel.new(1), channel.new(1)
coroutine.spawn(function()
  for i = 1, 20000 do
    from:receive("1h")
    to:send(i)
  end
end)
local before
for i = 1, 20000 do
  from:send(i)
  is(i, to:receive("1h"))
  if i == 2000 then
    collectgarbage()
    before = collectgarbage("count")
  end
end
collectgarbage()
assert(collectgarbage("count") - before < 64, collectgarbage("count") - before)
