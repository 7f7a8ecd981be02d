-- Restarts over time: their intensity, and the delays before them. Times and
-- durations are nanoseconds.

local restarts = {}

-- The longest delay: added to the time of today, it is still an integer.
local LONGEST <const> = 2.0 ^ 62

local intensity = {}
intensity.__index = intensity

-- Returns the count of a supervisor that restarts at most `max` times `within`.
function restarts.intensity(max, within)
  return setmetatable({ max = max, within = within, first = 1, last = 0, times = {} }, intensity)
end

-- Counts a restart, and returns false if there have been too many.
function intensity:allows(now)
  self.last = self.last + 1
  self.times[self.last] = now
  while now - self.times[self.first] > self.within do
    self.times[self.first] = nil
    self.first = self.first + 1
  end
  return self.last - self.first + 1 <= self.max
end

-- Returns the delay before a child starts again. Each in a row is longer than the one
-- before; a child that has run long enough begins a new row.
function restarts.delay(child, now)
  local backoff = child.backoff
  if not backoff then
    return 0
  end
  if child.started and now - child.started >= backoff.reset_after then
    child.row = 0
  end
  child.row = (child.row or 0) + 1
  if backoff.initial_delay == 0 then
    return 0 -- however often it grows; the power may be infinite
  end
  local delay = math.min(backoff.initial_delay * backoff.factor ^ (child.row - 1), backoff.max_delay)
  local spread = (2 * math.random() - 1) * backoff.jitter
  return math.tointeger(math.min(delay * (1 + spread), LONGEST) // 1)
end

return restarts
