-- A failure falls along a chain of links, as one error, until a process traps
-- it; who is linked to that one alone lives on.
-- shows: L-13, L-17, L-18, L-12

local me, host = process.id():match("[^#]+"), "app:processes"
local LENGTH = 50
local child = {}

function child.link_of_chain(n, parent)
  if n == LENGTH then
    assert(process.registry.register("last"))
    process.send(parent, "complete")
    process.listen("fail"):receive()
    error(errors.new { message = "the last one", kind = errors.CONFLICT })
  end
  assert(process.spawn_linked(me, host, "link_of_chain", n + 1, parent))
  process.inbox():receive()
end

function child.trapping(parent)
  process.set_options { trap_links = true }
  local events = process.events()
  local head = assert(process.spawn_linked(me, host, "link_of_chain", 1, parent))
  local event = events:receive()
  process.send(parent, "trapped", event.kind, event.from == head, event.result.error, event.result.cause)
  process.listen("end"):receive()
end

return function(role, ...)
  if role then
    return child[role](...)
  end
  local complete, trapped = process.listen("complete"), process.listen("trapped")
  local trapping = assert(process.spawn_linked_monitored(me, host, "trapping", process.pid()))
  complete:receive()
  process.send("last", "fail")
  local told = trapped:receive()
  assert(told[1] == process.event.LINK_DOWN and told[2])
  assert(told[3] == "linked process failed: the last one", told[3])
  assert(told[4]:kind() == errors.CONFLICT)
  process.send(trapping, "end")
  assert(process.events():receive().result.error == nil)
end
