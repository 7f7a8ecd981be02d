-- Counts. It takes its count from the stash when it starts, and puts each new one there
-- before it tells anybody.

return function(parent)
  local events, requests = process.events(), process.listen("count")
  local stashed = process.listen("stashed")

  assert(process.send("stash", "get", "count"))
  local count = stashed:receive() or 0

  while true do
    local got = channel.select { events:case_receive(), requests:case_receive() }
    if got.channel == events then
      return -- the supervisor stops it
    end
    -- A request for a number that is there already was sent before a crash.
    if got.value == count then
      count = count + 1
      assert(process.send("stash", "put", "count", count))
      if count % 10 == 0 then
        error("10 is too much for me", 0)
      end
    end
    assert(process.send(parent, "counted", count))
  end
end
