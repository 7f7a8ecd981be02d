-- tries: a fork bomb: every process starts copies of itself until it is refused, and stays
-- end: returned
-- grows: 200 MiB
local root = ...
if root then
  while process.spawn("app:attack", "app:attackers", root) do end
  process.send(root, "refused")
  process.inbox():receive()
end
local refused = process.listen("refused")
local me, last = process.pid(), nil
repeat
  local pid, err = process.spawn("app:attack", "app:attackers", me)
  last = err
until not pid
for _ = 1, 100 do refused:receive() end
assert(errors.is(last, errors.RATE_LIMITED) and last:details().limit == "max_processes", last)
