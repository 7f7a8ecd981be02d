-- A name is resolved when the message is sent.
-- shows: D-21, N-9

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role, parent)
  if role then
    local ask = process.listen("ask")
    process.send(parent, "ready")
    for _ = 1, 2 do
      ask:receive()
      process.send(parent, "answer", process.pid())
    end
    return
  end
  local ready, answer = process.listen("ready"), process.listen("answer")
  local one = process.spawn(me, host, "child", process.pid())
  local other = process.spawn(me, host, "child", process.pid())
  ready:receive()
  ready:receive()
  for _, holder in ipairs { one, other, one, other } do
    assert(process.registry.register("name", holder))
    assert(process.send("name", "ask"))
    -- The name moves on; the message stays with who held it.
    process.registry.unregister("name")
    assert(answer:receive() == holder)
  end
end
