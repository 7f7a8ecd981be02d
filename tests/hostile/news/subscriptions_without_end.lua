-- tries: subscribe without end, by 100 processes, with patterns of a kilobyte, and make each send cost them all
-- end: returned
-- prints: bounded
-- grows: 128 MiB
local target = ...
if target then
  local open, refused = 0, nil
  for i = 1, 3000 do
    local sub, err = events.subscribe(("x"):rep(i % 1000) .. i .. "*", "k" .. i .. "*")
    if sub then open = open + 1 else refused = err end
  end
  assert(open <= 1000 and errors.is(refused, errors.RATE_LIMITED))
  process.send(target, "open", open)
  time.sleep("1h")
end
local counts = process.listen("open")
for _ = 1, 100 do assert(process.spawn_linked("app:attack", "app:attackers", process.pid())) end
local all = 0
for _ = 1, 100 do all = all + counts:receive() end
assert(all <= 16384, all)
for i = 1, 1000 do assert(events.send(("x"):rep(1000), "k", "p", i)) end
print("bounded")
