-- tries: flood the log with the failures of children
-- end: returned
-- logs: process failed: xxxx
local function flood(...)
  if ... == "fail" then error(("x"):rep(8000), 0) end
  for _ = 1, 1000 do
    process.spawn_monitored("app:attack", "app:attackers", "fail")
    process.events():receive()
  end
end
return flood
