-- A chat session: one process between a socket, which is a process of the
-- server's, and the room of its tenant. From the socket come messages `said`, to
-- it go messages `line`. The server asks it to end when the socket is closed, and
-- closes the socket when it has ended.

local PATIENCE = 100 -- times it looks for the room
local PAUSE = "100ms" -- between them

-- Goes into the room; false where it is asked to end instead. There is no room for
-- a moment after it has failed.
local function enter(room, name, events)
  for _ = 1, PATIENCE do
    local pid = process.send(room, "join", name) and process.registry.lookup(room)
    if pid and process.monitor(pid) then
      return true
    end
    local got = channel.select { events:case_receive(), time.after(PAUSE):case_receive() }
    if got.channel == events and got.value.kind == process.event.CANCEL then
      return false
    end
  end
  error(errors.new { kind = errors.UNAVAILABLE, message = "the room is closed" })
end

return function(room)
  return function(socket, name)
    local said, lines, events = process.listen("said"), process.listen("line"), process.events()
    local inside = enter(room, name, events)
    while inside do
      local got = channel.select { said:case_receive(), lines:case_receive(), events:case_receive() }
      if got.channel == said then
        local _ = process.send(room, "say", got.value) -- lost where the room has failed
      elseif got.channel == lines then
        assert(process.send(socket, "line", got.value)) -- fails for a client that does not read
      elseif got.value.kind == process.event.CANCEL then
        local _ = process.send(room, "leave")
        inside = false
      elseif got.value.kind == process.event.EXIT then
        inside = enter(room, name, events) -- another has taken its place
      end
    end
  end
end
