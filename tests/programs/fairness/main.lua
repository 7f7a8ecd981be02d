-- A pair of processes exchanges messages while others never stop to compute.
-- Prints the round trips made, and how many of the busy ones still ran then.

return function(busy, trips)
  busy, trips = math.tointeger(busy), math.tointeger(trips)
  local started, pong = process.listen("started"), process.listen("pong")
  local loops = {}
  for i = 1, busy do
    loops[i] = assert(process.spawn("app:busy", "app:processes", process.pid(), i))
  end
  -- All of them are in their loop before the first round trip.
  for _ = 1, busy do
    started:receive()
  end

  local partner = assert(process.spawn("app:partner", "app:processes"))
  for i = 1, trips do
    assert(process.send(partner, "ping", i))
    assert(pong:receive() == i)
  end

  local alive = 0
  for _, pid in ipairs(loops) do
    if process.send(pid, "are you there") then
      alive = alive + 1
    end
  end
  print(("%d round trips, %d still busy"):format(trips, alive))
end
