-- One of two processes that have nothing to do with an attack.

-- Round trips of a phase at least.
local LEAST = 5000

-- Returns the nanoseconds that 99 of 100 times do not exceed. The counts are by tenths of
-- a microsecond.
local function p99(counts, trips)
  local times = {}
  for time in pairs(counts) do times[#times + 1] = time end
  table.sort(times, function(one, other) return one > other end)
  local longer = 0
  for _, time in ipairs(times) do
    longer = longer + counts[time]
    if longer * 100 >= trips then return time * 100 end
  end
end

return function(role, pong)
  if role == "pong" then
    local inbox = process.inbox()
    while true do
      local message = inbox:receive()
      assert(process.send(message:from(), "pong", message:payload()))
    end
  end
  local phases, pongs = process.listen("phase", { message = true }), process.listen("pong")
  while true do
    local asker = phases:receive():from()
    local counts, trips, over = {}, 0, false
    repeat
      for i = 1, 100 do
        local began = os.clock()
        assert(process.send(pong, "ping", i))
        assert(pongs:receive() == i)
        local took = math.tointeger((os.clock() - began) * 1e7 // 1)
        counts[took] = (counts[took] or 0) + 1
      end
      trips = trips + 100
      over = over or channel.select { phases:case_receive(), default = true }.channel ~= nil
    until over and trips >= LEAST
    assert(process.send(asker, "report", p99(counts, trips)))
  end
end
