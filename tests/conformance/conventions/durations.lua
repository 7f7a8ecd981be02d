-- Durations as text and as numbers, whose unit depends on the module.
-- shows: C-17, C-18, C-19, K-7, T-5

local function ms(text)
  return assert(time.parse_duration(text)):milliseconds()
end
assert(ms "250ms" == 250 and ms "5s" == 5000 and ms "1m30s" == 90000 and ms "1.5h" == 5400000)
assert(time.parse_duration("1us"):nanoseconds() == 1000 and time.parse_duration("7ns"):nanoseconds() == 7)
assert(time.parse_duration(1500):nanoseconds() == 1500)

for _, text in ipairs { "", "soon", "5", "5 s", "s", "5x", "1s!" } do
  local value, err = time.parse_duration(text)
  assert(value == nil and errors.is(err, errors.INVALID), text)
  value, err = time.sleep(text)
  assert(value == nil and errors.is(err, errors.INVALID), text)
  value, err = time.after(text)
  assert(value == nil and errors.is(err, errors.INVALID), text)
  value, err = process.cancel(process.pid(), text)
  assert(value == nil and errors.is(err, errors.INVALID), text)
end

-- 3,600,000 are an hour in milliseconds, and no time at all in nanoseconds.
local events = process.events()
assert(process.cancel(process.pid(), 3600000))
local event = events:receive()
local left = time.parse(event.deadline):sub(time.now())
assert(left:minutes() > 50 and left:minutes() <= 60, left)
local begin = time.now()
time.sleep(3600000)
assert(time.now():sub(begin):minutes() < 1)
