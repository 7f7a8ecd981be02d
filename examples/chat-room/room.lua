-- The room: knows its members, and tells all of them whatever is said.
--
-- It understands the messages `join` (a name), `say` (a text) and `leave`. Each
-- member is told with messages `line`.

local members = {} -- names, by PID

local function tell_all(line)
  print(line)
  for pid in pairs(members) do
    -- A member may be gone, or not keep up. Neither is the room's trouble: of
    -- the first it hears by an event, and a slow one misses a line.
    local _ = process.send(pid, "line", line)
  end
end

local on = {}

function on.join(pid, name)
  members[pid] = name
  -- From now on its end is an event here, however it comes about.
  process.monitor(pid)
  tell_all(("* %s joins"):format(name))
end

function on.say(pid, text)
  tell_all(("%s: %s"):format(members[pid], text))
end

function on.leave(pid)
  local name = members[pid]
  members[pid] = nil
  process.unmonitor(pid)
  tell_all(("* %s leaves"):format(name))
end

-- A member ended without having left.
local function lost(pid, result)
  local name = members[pid]
  members[pid] = nil
  tell_all(("* %s is gone: %s"):format(name, result.error or "no reason given"))
end

return function()
  local inbox, events = process.inbox(), process.events()
  local opened = false
  while not opened or next(members) do
    -- Messages come first: when the end of a process can be read, so can all
    -- that it sent before.
    local got = channel.select { inbox:case_receive(), events:case_receive() }
    if got.channel == inbox then
      local message = got.value
      local handle = on[message:topic()]
      local known = members[message:from()] or message:topic() == "join"
      if handle and known then
        handle(message:from(), message:payload())
        opened = true
      end
    elseif got.value.kind == process.event.EXIT then
      lost(got.value.from, got.value.result)
    elseif got.value.kind == process.event.CANCEL then
      return -- the program ends
    end
  end
end
