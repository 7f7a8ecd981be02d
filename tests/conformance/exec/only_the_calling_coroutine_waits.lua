-- Execs of several coroutines run at the same time, while the others go on.
-- shows: X-2, X-7

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, parent, i)
  if role then
    process.send(parent, "started", process.pid())
    local value = process.listen("answer"):receive()
    return { i, value }
  end
  local started, results = process.listen("started"), channel.new(5)
  for i = 1, 5 do
    coroutine.spawn(function()
      local result = assert(process.exec(me, host, "callee", process.pid(), i))
      assert(result[1] == i)
      results:send(result[2])
    end)
  end
  local callees = {}
  for i = 1, 5 do
    callees[i] = started:receive()
  end
  -- All five wait at once; they end in the opposite order.
  for i = 5, 1, -1 do
    process.send(callees[i], "answer", i)
    assert(results:receive() == i)
  end
end
