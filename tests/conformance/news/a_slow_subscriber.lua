-- A full subscription loses new events, and the next one that it takes says how many. Send
-- never waits, and messages have their own room.
-- shows: EV-7
local sub = assert(events.subscribe("s"))
local inbox = process.inbox()
for i = 1, 10005 do assert(events.send("s", "k", tostring(i)) == true) end
assert(process.send(process.pid(), "still", 1) and inbox:receive():topic() == "still")
for i = 1, 10000 do
  local event = sub:channel():receive()
  assert(event.path == tostring(i) and event.missed == nil)
end
assert(channel.select({ sub:channel():case_receive() }, true).default)
assert(events.send("s", "k", "next") and events.send("s", "k", "last"))
local next, last = sub:channel():receive(), sub:channel():receive()
assert(next.path == "next" and next.missed == 5 and last.path == "last" and last.missed == nil)
