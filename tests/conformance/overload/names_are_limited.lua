-- A process has so many names at most.
-- shows: Q-6, N-5

local count, err = 0, nil
repeat
  local done
  done, err = process.registry.register("name " .. count + 1)
  count = done and count + 1 or count
until not done or count > 100000
assert(count > 10 and errors.is(err, errors.RATE_LIMITED), err)
assert(process.registry.lookup("name 1") == process.pid())
assert(process.registry.unregister("name 1"))
assert(process.registry.register("another"))
