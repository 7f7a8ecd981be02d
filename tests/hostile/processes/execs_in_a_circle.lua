-- tries: a deadlock: each process waits for an exec whose callee waits for its caller
-- end: terminated
-- grows: 200 MiB
local caller = ...
if caller then process.monitor(caller) end
process.listen("never")
for _ = 1, 200 do
  coroutine.spawn(function() process.exec("app:attack", "app:attackers", process.pid()) end)
  if caller then break end
end
process.events():receive()
