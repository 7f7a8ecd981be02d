-- The failure of a linked process ends its peers; one that traps links reads
-- of it instead.
-- shows: L-6, L-12, L-13, L-16, P-5, E-9
local role, parent = ...
if role == "fails" then
  process.inbox():receive()
  error("on purpose", 0)
elseif role == "linked" then
  local pid = assert(process.spawn_linked("app:a_linked_process_falls_too", "app:processes", "fails"))
  process.send(parent, "child", pid)
  process.inbox():receive()
end
if role then
  return
end

local me = "app:a_linked_process_falls_too"
local events, child = process.events(), process.listen("child")
local pid = assert(process.spawn_monitored(me, "app:processes", "linked", process.pid()))
assert(process.send(child:receive(), "go"))
local event = events:receive()
assert(event.from == pid and event.kind == process.event.EXIT)
assert(event.result.error:find("linked process failed", 1, true), event.result.error)
assert(event.result.error:find("on purpose", 1, true), event.result.error)

assert(process.get_options().trap_links == false)
assert(process.set_options { trap_links = true } == true)
assert(process.get_options().trap_links == true)
pid = assert(process.spawn_linked_monitored(me, "app:processes", "fails"))
assert(process.send(pid, "go"))
event = events:receive()
assert(event.kind == process.event.LINK_DOWN and event.from == pid and event.result.error == "on purpose")
event = events:receive()
assert(event.kind == process.event.EXIT and event.from == pid, "LINK_DOWN comes first")

local value, err = process.set_options { trap_link = true }
assert(value == nil and errors.is(err, errors.INVALID))
value, err = process.set_options { trap_links = 1 }
assert(value == nil and errors.is(err, errors.INVALID))
assert(process.get_options().trap_links == true)
