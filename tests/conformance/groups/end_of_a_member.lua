-- The end of a process ends its memberships, once each, before anyone is told of the end.
-- shows: GR-3
local me, host = process.id():match("[^#]+"), "app:processes"
return function(role)
  if role then
    for _ = 1, 3 do assert(process.groups.join("a")) end
    assert(process.groups.join("b"))
    assert(process.registry.register("member"))
    process.inbox():receive()
    return
  end
  local events = process.events()
  local sub = assert(process.groups.monitor("a"))
  for round = 1, 20 do
    local pid = assert(process.spawn_monitored(me, host, "member"))
    assert(sub:channel():receive().kind == "member.joined")
    if round % 2 == 0 then
      assert(process.terminate(pid))
    else
      assert(process.send(pid, "end"))
    end
    local item = sub:channel():receive()
    assert(item.kind == "member.left" and item.data.PIDs[1] == pid)
    assert(#process.groups.members("a") == 0)
    local _, err = process.groups.join("a", pid)
    assert(errors.is(err, errors.NOT_FOUND))
    assert(events:receive().from == pid)
    assert(process.registry.lookup("member") == nil)
    assert(#process.groups.which_groups() == 0)
    assert(channel.select({ sub:channel():case_receive() }, true).default)
  end
end
