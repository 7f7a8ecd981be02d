-- Every event has kind, sender and time; an EXIT has a result.
-- shows: V-1, V-2, V-3

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return "value"
  end
  local events = process.events()
  local child = assert(process.spawn_monitored(me, host, "child"))
  local event = events:receive()
  assert(event.kind == process.event.EXIT and event.from == child and event.result.value == "value")
  assert(event.deadline == nil and time.parse(event.at):unix() > 1700000000)

  assert(process.cancel(process.pid(), "1h"))
  event = events:receive()
  assert(event.kind == process.event.CANCEL and event.from == process.pid() and event.result == nil)
  assert(time.parse(event.deadline):sub(time.parse(event.at)):minutes() == 60)
end
