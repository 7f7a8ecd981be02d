-- Alarms, each with its time: a heap with one timer, whatever it holds. Times are
-- nanoseconds; what is due at the same time comes in the order it was added.

local alarms = {}
alarms.__index = alarms

function alarms.new()
  return setmetatable({ heap = {}, added = 0 }, alarms)
end

function alarms.now()
  return time.now():unix_nano()
end

local function before(a, b)
  return a.at < b.at or a.at == b.at and a.number < b.number
end

local function put(heap, place, alarm)
  heap[place], alarm.place = alarm, place
end

local function rise(heap, alarm)
  while alarm.place > 1 and before(alarm, heap[alarm.place // 2]) do
    local place = alarm.place
    put(heap, place, heap[place // 2])
    put(heap, place // 2, alarm)
  end
end

local function sink(heap, alarm)
  while true do
    local place = alarm.place
    local least = heap[2 * place]
    local right = heap[2 * place + 1]
    if right and before(right, least) then
      least = right
    end
    if not least or not before(least, alarm) then
      return
    end
    local below = least.place
    put(heap, place, least)
    put(heap, below, alarm)
  end
end

-- Adds what is due at a time. Returns the alarm, for `remove`.
function alarms:add(at, what)
  self.added = self.added + 1
  local alarm = { at = at, number = self.added, what = what }
  put(self.heap, #self.heap + 1, alarm)
  rise(self.heap, alarm)
  return alarm
end

function alarms:remove(alarm)
  local heap, place = self.heap, alarm.place
  if heap[place] ~= alarm then
    return
  end
  local last = table.remove(heap)
  if last ~= alarm then
    put(heap, place, last)
    rise(heap, last)
    sink(heap, last)
  end
  alarm.place = 0
end

-- Takes out what is due first, if it is due now.
function alarms:take()
  local first = self.heap[1]
  if first and first.at <= alarms.now() then
    self:remove(first)
    return first.what
  end
end

-- Returns the channel that yields a value when something is due.
function alarms:channel()
  local first = self.heap[1]
  if not first then
    -- Never ready.
    self.never = self.never or channel.new()
    return self.never
  end
  if self.set ~= first.at or self.fired then
    local delay = math.max(first.at - alarms.now(), 1)
    if self.timer then
      self.timer:reset(delay)
    else
      self.timer = time.timer(delay)
    end
    self.set, self.fired = first.at, false
  end
  return self.timer:channel()
end

-- Takes note that the channel has yielded one.
function alarms:note()
  self.fired = true
end

return alarms
