-- tries: have the runtime keep 60 MiB for each process after a call that it refused
-- end: returned
-- grows: 60 MiB
assert(process.registry.register("attack"))
local waiting = process.listen("waiting")
for _ = 1, 8 do
  assert(process.spawn("app:once", "app:attackers"))
end
for _ = 1, 8 do waiting:receive() end
