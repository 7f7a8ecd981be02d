-- `sleep` lets at least that time pass, for the calling coroutine only.
-- shows: T-1
local slept, rest = channel.new(3), 60
coroutine.spawn(function()
  time.sleep("1h")
  error("an hour has passed")
end)
for _, ms in ipairs { 30, 10, 20 } do
  coroutine.spawn(function()
    local began = time.now()
    time.sleep(ms .. "ms")
    assert(time.now():sub(began):milliseconds() >= ms)
    slept:send(ms)
  end)
end
-- Timers that are due together come in any order.
for _ = 1, 3 do
  rest = rest - slept:receive()
end
assert(rest == 0)

-- A number is nanoseconds. As microseconds it would be more than a minute, which no busy
-- machine takes for a tenth of a second.
local began = time.now()
time.sleep(100000000)
local passed = time.now():sub(began):milliseconds()
assert(passed >= 100 and passed < 90000, passed)

local value, err = time.sleep("soon")
assert(value == nil and errors.is(err, errors.INVALID))
value, err = time.sleep()
assert(value == nil and errors.is(err, errors.INVALID))
assert(time.sleep("-1h") == true and time.sleep(-1) == true)
