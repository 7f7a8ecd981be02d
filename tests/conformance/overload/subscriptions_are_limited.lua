-- A process has so many listeners at most.
-- shows: Q-5

local channels, err = {}, nil
repeat
  local topic
  topic, err = process.listen("topic " .. #channels)
  channels[#channels + 1] = topic
until not topic or #channels > 100000
assert(errors.is(err, errors.RATE_LIMITED), err)
assert(process.unlisten(channels[1]))
assert(process.listen("another"))
