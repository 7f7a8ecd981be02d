-- tries: register names of a kibibyte without end, so that no memory and no name is left
-- end: returned
-- grows: 60 MiB
local refused
for i = 1, 100000 do
  local done, err = process.registry.register(("n"):rep(1000) .. i)
  if not done then refused = err break end
end
assert(errors.is(refused, errors.RATE_LIMITED), refused)
local pid = process.pid()
for i = 1, 20000 do
  local name = "name" .. i % 7
  process.registry.unregister(name)
  process.registry.register(name, pid)
end
