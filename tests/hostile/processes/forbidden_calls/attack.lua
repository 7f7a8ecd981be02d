-- tries: do to the warden and the bystanders what policies forbid, by PID, by name and by starting code beside them
-- end: returned
local warden = assert(process.registry.lookup("warden"))
local others = { warden, "warden", "{app:bystanders|0x00002}", "{app:bystanders|0x00003}" }
local function denied(done, err)
  assert(not done and errors.is(err, errors.PERMISSION_DENIED), tostring(err))
end
denied(process.with_context {})
for _ = 1, 500 do
  for _, other in ipairs(others) do
    denied(process.send(other, "go"))
    denied(process.terminate(other))
    denied(process.cancel(other, 0))
    denied(process.monitor(other))
    denied(process.unmonitor(other))
    denied(process.link(other))
    denied(process.unlink(other))
    if other ~= "warden" then denied(process.registry.register("name", other)) end
    assert(not security.can("process.terminate", other))
  end
  denied(process.registry.unregister("warden"))
  denied(process.registry.register("warden"))
  for _, start in ipairs { "spawn", "spawn_linked", "spawn_monitored", "spawn_linked_monitored", "exec" } do
    denied(process[start]("app:attack", "app:bystanders"))
    denied(process[start]("app:main", "app:processes", "wait"))
  end
end
assert(process.send(process.pid(), "t", 1))
