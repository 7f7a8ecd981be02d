-- The broker. It understands `subscribe` (a topic) and `publish` (a topic and a text), and
-- sends `news` to the subscribers of the topic. The publisher is told how many they are.

local subscribers = {} -- by topic: a set of PIDs

local on = {}

function on.subscribe(pid, topic)
  subscribers[topic] = subscribers[topic] or {}
  subscribers[topic][pid] = true
  -- From now on its end is an event here; one that has ended is not added.
  if not process.monitor(pid) then
    subscribers[topic][pid] = nil
  end
  local _ = process.send(pid, "subscribed", topic)
end

function on.publish(publisher, topic, text)
  local count = 0
  for pid in pairs(subscribers[topic] or {}) do
    -- A subscriber that does not keep up misses news, and holds up nobody.
    if process.send(pid, "news", topic, text) then
      count = count + 1
    end
  end
  local _ = process.send(publisher, "published", count)
end

local function forget(pid)
  for _, set in pairs(subscribers) do
    set[pid] = nil
  end
end

return function()
  local events, inbox = process.events(), process.inbox()
  while true do
    -- Ends come first, so nothing is sent to a reader of whose end the broker knows.
    local got = channel.select { events:case_receive(), inbox:case_receive() }
    if got.channel == events then
      if got.value.kind == process.event.CANCEL then
        return
      end
      forget(got.value.from)
    else
      local handle = on[got.value:topic()]
      if handle then
        handle(got.value:from(), got.value:payload())
      end
    end
  end
end
