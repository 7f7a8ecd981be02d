-- After `unmonitor` and `unlink` nothing of that process is read, also nothing
-- that had arrived already; for the dead and the unknown to it they are true.
-- shows: L-5, L-8, L-9

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    process.listen("go"):receive()
    error("as told")
  end
  process.set_options { trap_links = true }
  local one = assert(process.spawn_linked_monitored(me, host, "child"))
  local other = assert(process.spawn_linked_monitored(me, host, "child"))
  process.send(one, "go")
  process.send(other, "go")
  for _, pid in ipairs { one, other } do
    while process.send(pid, "are you there?") do
      time.sleep("1ms")
    end
  end
  -- The end of `other` was told after that of `one` was decided, or will be.
  assert(process.unmonitor(one) == true and process.unlink(one) == true)
  assert(process.unlink(other) == true)
  local events = process.events()
  local event = events:receive()
  assert(event.kind == process.event.EXIT and event.from == other)
  assert(channel.select { events:case_receive(), default = true }.default)

  for _, pid in ipairs { one, other } do
    assert(process.unmonitor(pid) == true and process.unlink(pid) == true)
  end
  -- Not the text of its PID: nothing is taken back.
  local third = assert(process.spawn_monitored(me, host, "child"))
  assert(process.unmonitor((third:gsub("processes", "others"))) == true)
  process.send(third, "go")
  assert(events:receive().from == third)
  local stranger = assert(process.spawn(me, host, "child"))
  assert(process.unmonitor(stranger) == true and process.unlink(stranger) == true)
end
