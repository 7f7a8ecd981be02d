-- tries: fill the memory of 100 members that never read, and keep them from each other's messages, by 10 that send to all of them without end
-- end: returned
-- grows: 256 MiB
local role, parent = ...
if role == "member" then
  assert(process.groups.join("crowd"))
  process.send(parent, "ready")
  time.sleep("1h")
elseif role == "sender" then
  while true do process.groups.broadcast("crowd", "flood", ("x"):rep(100)) end
end
local ready, urgent = process.listen("ready"), process.listen("urgent")
local function start(role)
  assert(process.spawn_linked("app:attack", "app:attackers", role, process.pid()))
end
for _ = 1, 100 do start("member") end
for _ = 1, 100 do ready:receive() end
for _ = 1, 10 do start("sender") end
for i = 1, 200 do
  assert(process.send(process.pid(), "urgent", i))
  assert(urgent:receive() == i)
end
-- Somebody's queue is full in the end, and the sender is told so.
local reached, err
repeat
  reached, err = process.groups.broadcast("crowd", "flood", ("x"):rep(100))
until err
assert(reached < 100 and errors.is(err, errors.RATE_LIMITED) and #err:details().members <= 16)
