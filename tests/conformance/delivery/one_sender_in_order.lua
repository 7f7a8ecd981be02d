-- Messages of one sender stay in order through listen, unlisten and inbox,
-- while they are still being sent.
-- shows: D-1, D-2

local me, host = process.id():match("[^#]+"), "app:processes"
local COUNT = 600

return function(role, parent)
  if role then
    for i = 1, COUNT do
      assert(process.send(parent, i % 3 == 0 and "odd" or "even", i))
    end
    return
  end
  local events = process.events()
  local child = assert(process.spawn_monitored(me, host, "sender", process.pid()))
  -- While a topic is listened on, its messages are read from there; closing
  -- the channel must not change the order of what is left.
  for _ = 1, 20 do
    local odd = process.listen("odd")
    assert(process.unlisten(odd))
  end
  assert(events:receive().from == child)

  -- The EXIT can be read, so all is here.
  local inbox, last = process.inbox(), 0
  for _ = 1, COUNT do
    local got = channel.select { inbox:case_receive(), default = true }
    assert(not got.default, "a message is missing")
    local i = got.value:payload()
    assert(i == last + 1, "out of order")
    last = i
  end
end
