-- A chat room: knows its members, and tells all of them whatever is said. It
-- understands `join` (a name), `say` (a text), `leave` and `who`.

local members = {} -- names, by PID

local function tell_all(line)
  for pid in pairs(members) do
    -- One that is gone is an event here; one that does not keep up misses a line.
    local _ = process.send(pid, "line", line)
  end
end

local on = {}

function on.join(pid, name)
  if not members[pid] then
    members[pid] = name
    process.monitor(pid) -- its end is an event here, however it comes about
    tell_all(("* %s joins"):format(name))
  end
end

function on.say(pid, text)
  if members[pid] then
    tell_all(("%s: %s"):format(members[pid], text))
  end
end

function on.leave(pid)
  local name = members[pid]
  if name then
    members[pid] = nil
    process.unmonitor(pid)
    tell_all(("* %s leaves"):format(name))
  end
end

function on.who(pid)
  local names = {}
  for _, name in pairs(members) do
    table.insert(names, name)
  end
  table.sort(names)
  local _ = process.send(pid, "members", names)
end

local function lost(pid)
  local name = members[pid]
  if name then
    members[pid] = nil
    tell_all(("* %s is gone"):format(name))
  end
end

return function()
  local inbox, events = process.inbox(), process.events()
  while true do
    -- Messages first: when the end of a process can be read, so can all it sent.
    local got = channel.select { inbox:case_receive(), events:case_receive() }
    if got.channel == inbox then
      local handle = on[got.value:topic()]
      if handle and got.value:from() then
        handle(got.value:from(), got.value:payload())
      end
    elseif got.value.kind == process.event.EXIT then
      lost(got.value.from)
    elseif got.value.kind == process.event.CANCEL then
      return
    end
  end
end
