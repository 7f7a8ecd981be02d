-- tries: be terminated while it starts, spawns, upgrades, waits and ends, to leave something behind
-- end: returned
local role, round = ...
if role == "target" then
  if round % 3 == 0 then process.registry.register("target" .. round) end
  if round % 3 == 1 then process.upgrade(nil, "upgraded") end
  if round % 5 == 0 then process.spawn_linked("app:attack", "app:attackers", "upgraded") end
  if round % 2 == 0 then process.inbox():receive() end
  return
elseif role then
  return process.inbox():receive()
end
local events = process.events()
for i = 1, 400 do
  local pid = assert(process.spawn_monitored("app:attack", "app:attackers", "target", i))
  if i % 7 > 0 then process.send(pid, "unread", ("x"):rep(i * 10)) end
  if i % 11 < 6 then time.sleep(1000 * (i % 40)) end
  process.terminate(pid)
  events:receive()
end
