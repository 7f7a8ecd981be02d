-- The end of a server is an error of the call at once.
-- shows: SV-2
local server = require("server")

local function ended(request)
  local pid = assert(server.start("app:ends"))
  return pid, server.call(pid, request, "1m")
end

local began = time.now()
local pid, value, err = ended("fail")
assert(value == nil and err:kind() == errors.CONFLICT and err:details().a == 1, err)
assert(tostring(err):find("server " .. pid .. " ended: broken", 1, true), err)
pid, value, err = ended("raise")
assert(value == nil and tostring(err):find("on purpose"), err)
pid, value, err = ended("end")
assert(value == nil and err:kind() == errors.UNAVAILABLE and err:details().pid == pid, err)
value, err = server.call(pid, "end")
assert(value == nil and err:kind() == errors.NOT_FOUND, err)
pid, value, err = ended("reply")
assert(value == "bye" and err == nil)

-- Terminated from outside, while the program reads its own events.
pid = assert(server.start("app:ends"))
assert(process.monitor(pid))
coroutine.spawn(function()
  time.sleep("20ms")
  assert(process.terminate(pid))
end)
value, err = server.call(pid, "wait", "1m")
assert(value == nil and err:kind() == errors.CANCELED, err)
assert(process.events():receive().from == pid)
assert(process.events():receive(0) == nil)
assert(time.now():sub(began):seconds() < 30)

-- More servers than watches are kept.
for _ = 1, 600 do
  local one = assert(server.start("app:ends"))
  assert(server.call(one, "reply") == "bye")
end
