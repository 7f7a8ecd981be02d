-- The list of a monitor and its items afterwards hold all changes, once each, while
-- processes come and go.
-- shows: GR-8
local me, host = process.id():match("[^#]+"), "app:processes"
local MEMBERS <const>, WATCHERS <const> = 40, 10
local child = {}

function child.member(parent)
  for _ = 1, 20 do
    assert(process.groups.join("g"))
    time.sleep(0)
    assert(process.groups.leave("g"))
  end
  assert(process.groups.join("g"))
  process.send(parent, "settled")
  process.inbox():receive()
end

function child.watcher()
  local sub, members = assert(process.groups.monitor("g"))
  local check, known, size = process.listen("check"), {}, 0
  for _, pid in ipairs(members) do
    assert(not known[pid])
    known[pid], size = true, size + 1
  end
  while true do
    -- Changes come first: all have happened before the check.
    local got = channel.select { sub:channel():case_receive(), check:case_receive() }
    if got.channel == check then
      break
    end
    local pid, joins = got.value.data.PIDs[1], got.value.kind == "member.joined"
    assert(joins or got.value.kind == "member.left")
    assert(known[pid] == (not joins and true or nil), "told of no change")
    known[pid], size = joins or nil, size + (joins and 1 or -1)
  end
  members = process.groups.members("g")
  assert(#members == size)
  for _, pid in ipairs(members) do assert(known[pid]) end
  return size
end

return function(role, ...)
  if role then return child[role](...) end
  local events, settled, watchers = process.events(), process.listen("settled"), {}
  for n = 1, MEMBERS do
    assert(process.spawn(me, host, "member", process.pid()))
    if n % 4 == 0 then
      watchers[#watchers + 1] = assert(process.spawn_monitored(me, host, "watcher"))
    end
  end
  for _ = 1, MEMBERS do settled:receive() end
  for _, pid in ipairs(watchers) do assert(process.send(pid, "check")) end
  for _ = 1, WATCHERS do
    local result = events:receive().result
    assert(result.value == MEMBERS, tostring(result.error))
  end
end
