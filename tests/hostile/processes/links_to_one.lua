-- tries: link and monitor without end, and hide memory in news that nobody reads
-- end: returned
-- grows: 120 MiB
process.set_options { trap_links = true }
local role = ...
if role then return end
local limited = 0
for _ = 1, 20000 do
  local pid, err = process.spawn_linked_monitored("app:attack", "app:attackers", "ends")
  if not pid then
    assert(errors.is(err, errors.RATE_LIMITED), err)
    limited = limited + 1
    if limited > 200 then return end
  end
end
