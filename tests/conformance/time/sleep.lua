-- `sleep` lets at least that time pass, for the calling coroutine only.
-- shows: T-1
local began = time.now()
local order = channel.new(3)
for i, d in ipairs { "30ms", "10ms", "20ms" } do
  coroutine.spawn(function()
    time.sleep(d)
    order:send(i)
  end)
end
assert(order:receive() == 2 and order:receive() == 3 and order:receive() == 1)
assert(time.now():sub(began):milliseconds() >= 30)

began = time.now()
time.sleep(5000000) -- nanoseconds
local passed = time.now():sub(began):milliseconds()
assert(passed >= 5 and passed < 5000)

local value, err = time.sleep("soon")
assert(value == nil and errors.is(err, errors.INVALID))
value, err = time.sleep()
assert(value == nil and errors.is(err, errors.INVALID))
assert(time.sleep("-1h") == true and time.sleep(-1) == true)
