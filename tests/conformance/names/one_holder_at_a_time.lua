-- Of many that want a name at the same moment one gets it, again and again.
-- shows: N-9, N-3, N-8

local me, host = process.id():match("[^#]+"), "app:processes"
local CONTENDERS = 8

return function(parent)
  if parent then
    local go = process.listen("go")
    process.send(parent, "ready")
    go:receive()
    local got, err = process.registry.register("the name")
    assert(got or errors.is(err, errors.ALREADY_EXISTS), err)
    process.send(parent, "got", got == true, process.pid())
    go:receive()
    return
  end
  local ready, results, events = process.listen("ready"), process.listen("got"), process.events()
  for _ = 1, 20 do
    local pids, winner = {}, nil
    for i = 1, CONTENDERS do
      pids[i] = assert(process.spawn_monitored(me, host, process.pid()))
      ready:receive()
    end
    for _, pid in ipairs(pids) do
      process.send(pid, "go")
    end
    for _ = 1, CONTENDERS do
      local result = results:receive()
      if result[1] then
        assert(not winner, "two hold one name")
        winner = result[2]
      end
    end
    assert(process.registry.lookup("the name") == winner)
    for _, pid in ipairs(pids) do
      process.send(pid, "go")
    end
    for _ = 1, CONTENDERS do
      assert(not events:receive().result.error)
    end
  end
end
