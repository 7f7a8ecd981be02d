-- A member whose queue is full refuses; the others get the message, and the sender knows.
-- shows: GR-7
local me, host = process.id():match("[^#]+"), "app:processes"
return function(role, parent)
  if role then
    assert(process.groups.join("g"))
    assert(process.send(parent, "ready"))
    time.sleep("1h")
  end
  local ready, news = process.listen("ready"), process.listen("news")
  local slow = assert(process.spawn(me, host, "slow", process.pid()))
  ready:receive()
  assert(process.groups.join("g"))
  for n = 1, 10000 do
    assert(process.groups.broadcast("g", "news", n) == 2)
    assert(news:receive() == n)
  end
  local reached, err = process.groups.broadcast("g", "news", "more")
  assert(reached == 1 and errors.is(err, errors.RATE_LIMITED) and err:retryable())
  assert(err:details().missed == 1 and err:details().members[1] == slow)
  assert(news:receive() == "more")
  local sub, members = assert(process.groups.monitor("g"))
  assert(#members == 2 and process.terminate(slow))
  assert(sub:channel():receive().data.PIDs[1] == slow)
  reached, err = process.groups.broadcast("g", "news", "last")
  assert(reached == 1 and err == nil and news:receive() == "last")
end
