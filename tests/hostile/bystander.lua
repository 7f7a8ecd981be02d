-- One of two processes that have nothing to do with the attack.
local ROUND_TRIPS = 200

return function(role, pong)
  if role == "pong" then
    local inbox = process.inbox()
    while true do
      local message = inbox:receive()
      process.send(message:from(), "pong", message:payload())
    end
  end
  local batches, pongs = process.listen("batch"), process.listen("pong")
  while true do
    local asker = batches:receive()
    local took = {}
    for i = 1, ROUND_TRIPS do
      local started = time.now()
      assert(process.send(pong, "ping", i))
      assert(pongs:receive() == i)
      took[i] = time.now():sub(started):microseconds()
    end
    table.sort(took)
    process.send(asker, "report", took[ROUND_TRIPS * 99 // 100])
  end
end
