-- `after`, `timer` and `ticker`: channels that yield the time.
-- shows: T-2, T-3, T-4, T-15
local t, ok = time.after("1ms"):receive()
assert(ok and t:unix() > 0)

local timer = time.timer("1h")
assert(timer:reset("1ms") == true, "it had not rung")
t = timer:channel():receive()
assert(t:unix() > 0)
assert(timer:stop() == false, "it has rung")
assert(timer:reset("1h") == false)
assert(timer:stop() == true)
assert(channel.select { timer:channel():case_receive(), default = true }.default)
assert(timer:channel() == timer:channel())

local ticker = time.ticker("1ms")
local before = ticker:channel():receive()
for _ = 1, 5 do
  local beat = ticker:channel():receive()
  assert(beat > before)
  before = beat
end
assert(ticker:stop() == true and ticker:stop() == true)
-- One beat may have been waiting; after that there is silence.
channel.select { ticker:channel():case_receive(), default = true }
local got = channel.select { ticker:channel():case_receive(), time.after("20ms"):case_receive() }
assert(got.channel ~= ticker:channel())


for _, clock in ipairs { timer, ticker } do
  assert(clock:response() == clock:channel() and clock:response() == clock:response())
end
for _, none in ipairs { 0, "0s", "-1s", -1 } do
  for _, make in ipairs { time.timer, time.ticker } do
    local value, err = make(none)
    assert(value == nil and errors.is(err, errors.INVALID))
  end
end
local value, err = time.after("-1s")
assert(value == nil and errors.is(err, errors.INVALID))
t, ok = time.after(0):receive()
assert(ok and t <= time.now())
