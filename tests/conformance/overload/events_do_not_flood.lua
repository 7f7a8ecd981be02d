-- One event of each kind waits, however often one links, monitors and cancels.
-- shows: Q-8

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, parent)
  if role == "fail" then
    process.listen("fail"):receive()
    error("as told")
  end
  process.set_options { trap_links = true }
  local child = process.spawn_linked_monitored(me, host, "fail")
  for _ = 1, 100 do
    assert(process.link(child) and process.monitor(child))
    assert(process.cancel(process.pid()))
  end
  process.send(child, "fail")
  while process.send(child, "are you there?") do
    time.sleep("1ms")
  end
  local events, kinds = process.events(), {}
  for i = 1, 3 do
    kinds[i] = events:receive().kind
  end
  table.sort(kinds)
  assert(table.concat(kinds, " ") == "pid.cancel pid.exit pid.link.down")
  assert(channel.select { events:case_receive(), default = true }.default)
end
