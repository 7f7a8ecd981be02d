-- A process is a member until it has left as often as it joined; any process may let another
-- one join.
-- shows: GR-1, GR-2
local me, host = process.id():match("[^#]+"), "app:processes"
return function(role)
  if role then
    process.inbox():receive()
    return
  end
  local groups, pid = process.groups, process.pid()
  local sub, there = assert(groups.monitor("g"))
  assert(#there == 0)
  for _ = 1, 3 do assert(groups.join("g") == true) end
  assert(groups.join("g", pid))
  local members = groups.members("g")
  assert(#members == 1 and members[1] == pid and groups.local_members("g")[1] == pid)
  for _ = 1, 4 do
    assert(groups.members("g")[1] == pid)
    assert(groups.leave("g") == true)
  end
  assert(groups.leave("g") == false and groups.leave("never") == false)
  assert(#groups.members("g") == 0)
  for _, kind in ipairs { "member.joined", "member.left" } do
    local item = sub:channel():receive()
    assert(item.system == "pg" and item.kind == kind and item.path == "g")
    assert(item.data.Group == "g" and #item.data.PIDs == 1 and item.data.PIDs[1] == pid)
  end
  assert(channel.select({ sub:channel():case_receive() }, true).default)

  local other = assert(process.spawn(me, host, "waits"))
  assert(groups.join("b", other) and groups.join("a", other) and groups.join("a"))
  assert(#groups.members("a") == 2 and groups.members("b")[1] == other)
  assert(table.concat(groups.which_groups(), " ") == "a b")
  assert(groups.leave("b", other) == true and groups.leave("b", other) == false)
  assert(table.concat(groups.which_groups(), " ") == "a")
  assert(groups.join("room/1") and groups.join("room/2"))
  assert(table.concat(groups.which_groups("room/"), " ") == "1 2")
end
