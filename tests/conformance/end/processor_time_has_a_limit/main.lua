-- A process that has used up its processor time fails, alone; to wait uses none.
-- shows: E-16, M-3

return function()
  local events = process.events()
  local waiting = assert(process.spawn_monitored("app:waiting", "app:small"))
  for _, way in ipairs({ "loops", "catches_errors", "runs_in_a_coroutine", "talks" }) do
    local child = assert(process.spawn_monitored("app:busy", "app:small", way))
    local event = events:receive()
    assert(event.from == child)
    assert(event.result.cause:kind() == errors.RATE_LIMITED, event.result.error)
    local message = event.result.error
    assert(message:find("out of processor time", 1, true), message)
    assert(message:find("max_cpu = 100ms of host app:small", 1, true), message)
  end

  assert(process.send(waiting, "question", "still there?"))
  local event = events:receive()
  assert(event.from == waiting and event.result.value == "still there?")
end
