-- tries: give a child more first messages, names, context and arguments than it may hold
-- end: returned
-- grows: 150 MiB
if ... then process.inbox():receive() end
local spawner, large = assert(process.with_context {}), ("x"):rep(500000)
local refused
for _ = 1, 60 do
  local more, err = spawner:with_message("t", large)
  if not more then refused = err break end
  spawner = more
  local pid, err = spawner:spawn("app:attack", "app:attackers", large)
  if not pid then refused = err break end
  process.terminate(pid)
end
assert(errors.is(refused, errors.RATE_LIMITED) or errors.is(refused, errors.INVALID), refused)
