-- tries: begin groups without end, by 100 processes, with names of a kilobyte, and list them all
-- end: returned
-- prints: bounded
-- grows: 192 MiB
local target = ...
if target then
  local joined, refused = 0, nil
  for i = 1, 2000 do
    local done, err = process.groups.join(("x"):rep(900) .. process.pid() .. i)
    if done then joined = joined + 1 else refused = err end
  end
  assert(joined <= 1000 and errors.is(refused, errors.RATE_LIMITED))
  process.send(target, "joined", joined)
  time.sleep("1h")
end
local counts = process.listen("joined")
for _ = 1, 100 do assert(process.spawn_linked("app:attack", "app:attackers", process.pid())) end
local all = 0
for _ = 1, 100 do all = all + counts:receive() end
assert(all <= 16384, all)
local list, err = process.groups.which_groups()
assert(list == nil and errors.is(err, errors.RATE_LIMITED) and err:details().limit == "max_group_list")
print("bounded")
