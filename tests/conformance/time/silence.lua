-- Channels of the clock that ring no more, and timers that several wait for.
-- shows: T-2, T-12, T-13, T-14
local function ended(ch)
  local value, ok = ch:receive()
  return value == nil and ok == false
end

local after = time.after("1ms")
assert(after:receive())
assert(ended(after) and ended(after))

-- A stopped one ends receives, those that wait too, and is never ready.
local timer, ticker = time.timer("1h"), time.ticker("1h")
local ends = channel.new(2)
for _, clock in ipairs { timer, ticker } do
  coroutine.spawn(function() ends:send(ended(clock:channel())) end)
end
time.sleep(0)
assert(timer:stop() and ticker:stop())
assert(ends:receive() and ends:receive())
for _, clock in ipairs { timer, ticker } do
  assert(ended(clock:channel()))
  assert(channel.select { clock:channel():case_receive(), default = true }.default)
end
local ready = channel.select { timer:channel():case_receive(), time.after("1ms"):case_receive() }
assert(ready.channel ~= timer:channel())

-- Set anew it rings again; the classic way to drain one does not hang.
assert(timer:reset("1ms") == false)
time.sleep("5ms")
if not timer:stop() then
  timer:channel():receive()
end

-- A timer that has rung waits for reset, until nobody is left to call it.
local rings = 0
timer:reset("1ms")
coroutine.spawn(function()
  while timer:channel():receive() do
    rings = rings + 1
    ends:send(true)
  end
end)
ends:receive()
timer:reset("1ms")
ends:receive()
assert(rings == 2)
assert(ended(timer:channel()))

-- Two wait, the timer is set earlier, the first leaves: the second hears it.
local other, heard = channel.new(), channel.new()
timer:reset("1h")
coroutine.spawn(function()
  channel.select { timer:channel():case_receive(), other:case_receive() }
end)
coroutine.spawn(function() heard:send((timer:channel():receive())) end)
time.sleep(0)
timer:reset("10ms")
other:send("leave")
assert(heard:receive():unix() > 0)
