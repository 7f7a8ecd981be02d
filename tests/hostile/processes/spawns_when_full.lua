-- tries: keep the runtime busy with spawns that it refuses, with a mebibyte of arguments each
-- end: terminated
-- grows: 200 MiB
local role = ...
if role then process.inbox():receive() end
local large = ("x"):rep(1000000)
while process.spawn("app:attack", "app:attackers", "waits") do end
while true do
  local pid, err = process.spawn("app:attack", "app:attackers", large)
  assert(not pid and errors.is(err, errors.RATE_LIMITED), err)
end
