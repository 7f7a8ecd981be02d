-- An exec that finds no place is refused like a spawn, and leaves nothing
-- behind.
-- shows: X-8, Q-10

return function(role, parent)
  if role then
    process.send(parent, "running", process.pid())
    process.listen("end"):receive()
    return "done"
  end
  local running, results = process.listen("running"), channel.new()
  for _ = 1, 5 do
    for _ = 1, 3 do
      coroutine.spawn(function()
        results:send(assert(process.exec("app:main", "app:small", "callee", process.pid())))
      end)
    end
    local callees = {}
    for i = 1, 3 do
      callees[i] = running:receive()
    end
    for _ = 1, 10 do
      local value, err = process.exec("app:main", "app:small", "callee", process.pid())
      assert(value == nil and errors.is(err, errors.RATE_LIMITED), err)
    end
    for i = 1, 3 do
      process.send(callees[i], "end")
      assert(results:receive() == "done")
    end
  end
end
