-- A full host refuses the next process; one that ended makes room, and who
-- hears of its end can use it.
-- shows: Q-10, M-3, E-12

return function()
  local events = process.events()
  local one = assert(process.spawn_monitored("app:worker", "app:small"))
  assert(process.spawn_monitored("app:worker", "app:small"))
  for _ = 1, 50 do
    local third, err = process.spawn("app:worker", "app:small")
    assert(third == nil and errors.is(err, errors.RATE_LIMITED) and err:retryable() == true, err)
    assert(err:message():find("max_processes", 1, true), err)
    process.send(one, "end")
    assert(events:receive().from == one)
    one = assert(process.spawn_monitored("app:worker", "app:small"))
  end
end
