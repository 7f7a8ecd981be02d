-- A chat room: one process is the room, and every member is a process too. One
-- of them crashes; the others read about it and go on talking.
--
--     warren run examples/chat-room

-- Each member's reply to a line it hears is in member.lua.
local scripts = {
  ann = {
    { hears = "cid joins", says = "welcome, everybody" },
    { hears = "what was that", says = "his process crashed; ours did not" },
    { hears = "bob leaves", says = "good night", leaves = true },
  },
  bob = {
    { hears = "cid is gone", says = "what was that?" },
    { hears = "ours did not", says = "good to know. I have to go", leaves = true },
  },
  cid = {
    { hears = "welcome", says = "let me show you a trick" },
    { hears = "a trick", crashes = true },
  },
}

return function()
  -- The name is taken before the room runs, so it is there for all who follow.
  local named = assert(assert(process.with_context({})):with_name("room"))
  local room = assert(named:spawn_monitored("app:room", "app:processes"))

  local seated = process.listen("seated")
  for _, name in ipairs { "ann", "bob", "cid" } do
    assert(process.spawn("app:member", "app:processes", name, scripts[name], process.pid()))
    seated:receive() -- one after the other, so that all hear who comes later
  end

  -- The room ends when the last member has left.
  local event = process.events():receive()
  assert(event.from == room and not event.result.error, event.result.error)
  print("the room is empty")
end
