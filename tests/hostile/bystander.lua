-- One of two processes that have nothing to do with the attack.
local ROUND_TRIPS = 200
local SLEEPS = 5

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
    local took, late = {}, {}
    for i = 1, ROUND_TRIPS do
      local started = time.now()
      assert(process.send(pong, "ping", i))
      assert(pongs:receive() == i)
      took[i] = time.now():sub(started):microseconds()
    end
    for i = 1, SLEEPS do
      local started = time.now()
      time.sleep("1ms")
      late[i] = time.now():sub(started):microseconds() - 1000
    end
    table.sort(took)
    process.send(asker, "report", { took = took[ROUND_TRIPS * 99 // 100], late = late })
  end
end
