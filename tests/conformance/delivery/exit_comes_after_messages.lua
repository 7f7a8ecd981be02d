-- When an EXIT can be read, so can every earlier message of that sender.
-- shows: D-2
local parent = ...

if parent then
  for i = 1, 100 do
    assert(process.send(parent, "word", i))
  end
  return
end

for _ = 1, 20 do
  local words, events = process.listen("word"), process.events()
  local pid = assert(process.spawn_monitored("app:exit_comes_after_messages", "app:processes", process.pid()))
  local event = events:receive()
  assert(event.kind == process.event.EXIT and event.from == pid)
  for i = 1, 100 do
    local got = channel.select { words:case_receive(), default = true }
    assert(got.value == i, "a message came after the EXIT of its sender")
  end
end
