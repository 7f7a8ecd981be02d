-- A process that allocates without end fails at its own limit, alone.
-- shows: E-5, M-3

return function()
  local events = process.events()
  for _ = 1, 3 do
    local child = assert(process.spawn_monitored("app:hungry", "app:small"))
    local event = events:receive()
    assert(event.from == child)
    assert(event.result.cause:kind() == errors.RATE_LIMITED, event.result.error)
    assert(event.result.error:find("memory", 1, true), event.result.error)
  end
end
