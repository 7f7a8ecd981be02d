-- One `select` waits for messages, events and timers together.
-- shows: H-10

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    return
  end
  local topic, inbox, events = process.listen("topic"), process.inbox(), process.events()
  local own = channel.new()
  local seen = {}
  local function waits(timer)
    local got = channel.select {
      topic:case_receive(), inbox:case_receive(), events:case_receive(), own:case_receive(), timer:case_receive(),
    }
    for name, source in pairs { topic = topic, inbox = inbox, events = events, own = own, timer = timer } do
      seen[name] = seen[name] or got.channel == source
    end
  end
  process.send(process.pid(), "topic")
  waits(time.after("1h"))
  process.send(process.pid(), "other")
  waits(time.after("1h"))
  assert(process.spawn_monitored(me, host, "child"))
  waits(time.after("1h"))
  coroutine.spawn(own.send, own, 1)
  waits(time.after("1h"))
  waits(time.after("1ms"))
  for _, name in ipairs { "topic", "inbox", "events", "own", "timer" } do
    assert(seen[name], name)
  end
end
