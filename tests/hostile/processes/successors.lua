-- tries: outlive whoever is terminated: each process starts the next one and ends
-- end: returned
local root, left = ...
if not root then
  local done = process.listen("done")
  assert(process.spawn("app:attack", "app:attackers", process.pid(), 5000))
  done:receive()
elseif left == 0 then
  process.send(root, "done")
else
  assert(process.spawn("app:attack", "app:attackers", root, left - 1))
end
