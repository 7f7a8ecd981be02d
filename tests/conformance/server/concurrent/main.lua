-- Many calls of one process at once: each gets its own answer, and all the end of the server.
-- shows: SV-2, SV-3
local server = require("server")

local COUNT <const> = 200
local pid = assert(server.start("app:echo", COUNT))
local done = channel.new(COUNT)

local function together(call)
  for i = 1, COUNT do
    coroutine.spawn(function() done:send(call(i)) end)
  end
  for _ = 1, COUNT do
    assert((done:receive()))
  end
end

for _ = 1, 5 do
  together(function(i) return server.call(pid, i) == i end)
end
-- Half of them give up before the others are answered.
for _ = 1, 4 do
  for i = 1, COUNT // 2 do
    coroutine.spawn(function()
      local _, err = server.call(pid, i, "1ms")
      done:send(err and err:kind() == errors.TIMEOUT)
    end)
  end
  for _ = 1, COUNT // 2 do
    assert((done:receive()))
  end
  for i = 1, COUNT // 2 do
    coroutine.spawn(function() done:send(server.call(pid, -i) == -i) end)
  end
  for _ = 1, COUNT // 2 do
    assert((done:receive()))
  end
end
together(function(i)
  local _, err = server.call(pid, i == COUNT and "fail" or i, "1m")
  return err:kind() == errors.CONFLICT
end)
assert(process.inbox():receive(0) == nil and process.events():receive(0) == nil)
