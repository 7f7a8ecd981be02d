-- A Lua process becomes a wasm guest, under the same PID and
-- with its unread messages.
-- shows: U-14, U-6

return function(role)
  if role then
    process.listen("go"):receive()
    process.upgrade("app:echo")
  end
  local events, answers = process.events(), process.listen("question", { message = true })
  local pid = assert(process.spawn_monitored("app:main", "app:processes", "child"))
  process.send(pid, "question", "unread", 1)
  process.send(pid, "go")
  local answer = answers:receive()
  assert(answer:from() == pid)
  local text, number = answer:payload()
  assert(text == "unread" and number == 1)
  local event = events:receive()
  assert(event.from == pid and event.result.error == nil, event.result.error)
end
