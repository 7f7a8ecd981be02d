-- A PID has a form and is never used again; what begins like one, or like the
-- system's, is no name.
-- shows: C-20, C-21, C-22, C-23

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return
  end
  assert(process.pid():find("^{app:processes|0x%x+}$"))

  local seen = { [process.pid()] = true }
  local events = process.events()
  for _ = 1, 50 do
    local pid = assert(process.spawn_monitored(me, host, "child"))
    assert(not seen[pid])
    seen[pid] = true
    assert(events:receive().from == pid)
  end

  assert(process.registry.register("me"))
  assert(process.send("me", "t", "by name"))
  assert(process.send(process.pid(), "t", "by pid"))
  local listening = process.listen("t")
  assert(listening:receive() == "by name" and listening:receive() == "by pid")

  for _, name in ipairs { "", "{x", "@x" } do
    for _, call in ipairs { process.registry.register, process.registry.lookup, process.registry.unregister } do
      local value, err = call(name)
      assert(value == nil and errors.is(err, errors.INVALID), name)
    end
  end
  for _, destination in ipairs { "", "{x", "@x", "{}", "{app:processes}", "{app:processes|zz}" } do
    local value, err = process.send(destination, "t")
    assert(value == nil and errors.is(err, errors.INVALID), destination)
  end

  local elsewhere = process.pid():gsub("{", "{node@", 1)
  local value, err = process.send(elsewhere, "t")
  assert(value == nil and err, "a process of another node was reached")
end
