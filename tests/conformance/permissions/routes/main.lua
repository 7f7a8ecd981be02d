-- No way to start, replace or reach code gives a process more than it has: what
-- a guest may not do, it may do by none of them.
-- shows: Y-2, Y-4, Y-9, Y-13, Y-14

return function()
  local host, inbox = "app:processes", process.inbox()
  assert(process.registry.register("main") and process.registry.register("r/held"))
  local victim = assert(process.spawn("app:victim", host))
  assert(process.registry.register("victim", victim))

  local spawner = assert(process.with_context {})
  local guests = spawner:with_scope(assert(security.named_scope("app:guest")))
  -- It ends well once it has tried everything, and as another definition.
  local said = assert(guests:exec("app:guest", host, victim))
  assert(said == "still a guest", said)

  -- The messages that came are those that the guest, or its helpers, which are guests
  -- too, may send.
  local topics = {}
  repeat
    local message = inbox:receive()
    table.insert(topics, message:topic())
  until message:topic() == "done"
  assert(table.concat(topics, " ") == "helper helper done", table.concat(topics, " "))
  assert(process.send(victim, "are you there?"))
end
