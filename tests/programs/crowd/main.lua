-- Starts N processes that all live at once; each answers a message, and when
-- all have, each answers another. They are then told to end, and may be started
-- anew: N, how often.

local function ask(pids, answers, question)
  local waiting = #pids
  for i, pid in ipairs(pids) do
    assert(process.send(pid, "question", question))
    -- Never further ahead than a queue holds.
    if i % 1000 == 0 or i == #pids then
      while waiting > #pids - i do
        assert(answers:receive() == question)
        waiting = waiting - 1
      end
    end
  end
end

return function(n, rounds)
  n, rounds = math.tointeger(n), math.tointeger(rounds or 1)
  local answers, events = process.listen("answer"), process.events()
  for _ = 1, rounds do
    local pids = {}
    for i = 1, n do
      pids[i] = assert(process.spawn_monitored("app:member", "app:processes", process.pid()))
    end
    ask(pids, answers, 1)
    -- All have answered once, and all of them live.
    ask(pids, answers, 2)
    print(("%d live processes have answered twice"):format(n))
    for _, pid in ipairs(pids) do
      assert(process.send(pid, "question", "end"))
    end
    for _ = 1, n do
      local event = events:receive()
      assert(not event.result.error, event.result.error)
    end
  end
end
