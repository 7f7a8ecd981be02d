-- A name is claimed together with the start; where it is taken, nothing starts
-- and nothing is sent, and the holder is named.
-- shows: W-5, W-6, N-3

local me, host = process.id():match("[^#]+"), "app:processes"

return function(parent)
  if parent then
    process.send(parent, "started", process.registry.lookup("the one") == process.pid())
    process.inbox():receive()
    return
  end
  local started, events = process.listen("started"), process.events()
  local spawner = assert(process.with_context({}):with_name("the one"):with_message("first"))
  -- Of many that want it one gets it, and it has the name from the start.
  local holder = assert(process.with_context({}):with_name("the one"):spawn_monitored(me, host, process.pid()))
  assert(process.registry.lookup("the one") == holder)
  assert(started:receive() == true)
  for _, variant in ipairs { "spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored", "exec" } do
    local value, err = spawner[variant](spawner, me, host, process.pid())
    assert(value == nil and errors.is(err, errors.ALREADY_EXISTS), err)
    assert(err:details().pid == holder)
  end
  assert(channel.select { started:case_receive(), events:case_receive(), default = true }.default)
  process.send(holder, "end")
  assert(events:receive().from == holder)
  assert(spawner:spawn(me, host, process.pid()))
  assert(started:receive() == true)
end
