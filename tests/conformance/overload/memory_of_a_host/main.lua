-- The processes of a host have one limit of memory: growth and spawns beyond it
-- are refused, what runs goes on, and other hosts do not notice.
-- shows: Q-12, M-3

return function()
  local events, answers = process.events(), process.listen("answer")
  local workers, refusal = {}, nil
  assert(process.spawn_monitored("app:worker", "app:small", "grow"))
  local result = events:receive().result
  assert(tostring(result.error):find("max_memory_total = 16 MiB of host app:small", 1, true), result.error)
  repeat
    local pid, err = process.spawn_monitored("app:worker", "app:small")
    workers[#workers + 1] = pid
    refusal = err
  until not pid
  assert(#workers > 100 and #workers < 1000, #workers)
  assert(errors.is(refusal, errors.RATE_LIMITED) and refusal:retryable() == true, refusal)
  local details = refusal:details()
  assert(details.host == "app:small" and details.limit == "max_memory_total", refusal)
  assert(details.value == 16 << 20, details.value)
  local function answers_to(pid)
    assert(process.send(pid, "ask", process.pid()))
    answers:receive()
  end
  answers_to(workers[1])
  answers_to(assert(process.spawn("app:worker", "app:processes")))
  -- The end of a process makes room.
  process.terminate(workers[2])
  assert(events:receive().from == workers[2])
  answers_to(assert(process.spawn("app:worker", "app:small")))
end
