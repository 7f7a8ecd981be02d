-- A wasm guest becomes a Lua process, under the same PID and with its
-- unread messages; and a Lua process that became a wasm guest comes back.
-- shows: U-14, U-6

return function(...)
  if ... == "back" then
    local message = process.inbox():receive()
    process.send(message:from(), "answer", process.pid(), message:payload())
    return "as Lua"
  elseif ... == "go" then
    process.upgrade("app:module")
  end
  local answers, events = process.listen("answer"), process.events()
  for _, from in ipairs { "app:module", "app:main" } do
    local spawner = assert(process.with_context {}):with_message("question", "unread")
    local pid = assert(spawner:spawn_monitored(from, "app:processes", "go"))
    local answer = answers:receive()
    assert(answer[1] == pid and answer[2] == "unread")
    local event = events:receive()
    assert(event.from == pid and event.result.value == "as Lua", event.result.error)
  end
end
