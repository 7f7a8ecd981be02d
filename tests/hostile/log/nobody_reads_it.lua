-- tries: hold up a worker with log records, failures and lines that nobody reads
-- end: returned
-- unread: stderr
-- options: --grace 1s
local function flood(how)
  if how == "log" then while true do logger.warn(("x"):rep(1000)) end end
  if how == "stderr" then while true do io.stderr:write(("x"):rep(1000), "\n") end end
  if how == "warn" then warn("@on") while true do warn(("x"):rep(1000)) end end
  if how == "fail" then error(("x"):rep(1000)) end
  if how then return end
  for _ = 1, 3 do
    for _, kind in ipairs { "log", "stderr", "warn" } do assert(process.spawn("app:attack", "app:attackers", kind)) end
  end
  local events = process.events()
  for _ = 1, 20 do
    assert(process.spawn_monitored("app:attack", "app:attackers", "fail"))
    events:receive()
  end
  time.sleep("100ms")
  assert(process.exec("app:attack", "app:attackers", "none") == nil)
end
return flood
