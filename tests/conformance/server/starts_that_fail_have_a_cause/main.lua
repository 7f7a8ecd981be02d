-- A start knows why its process has ended, however early that was: it needs no monitor, which
-- is forbidden here, and leaves no event.
-- shows: SV-17
local server, supervisor = require("server"), require("supervisor")
local events = process.events()

local function fails(pid, err)
  assert(not pid and err:find("broken at once", 1, true), err)
end

for _ = 1, 100 do
  fails(server.start("app:broken"))
end
fails(server.start("app:broken", nil, { name = "broken" }))
fails(server.start("app:broken", nil, { spawner = assert(process.with_context { a = 1 }) }))
fails(supervisor.start("app:broken"))
fails(supervisor.start("app:broken", { name = "broken" }))

-- Many at once.
local ended = channel.new(50)
for _ = 1, 50 do
  coroutine.spawn(function()
    fails(server.start("app:broken"))
    ended:send(true)
  end)
end
for _ = 1, 50 do
  ended:receive()
end

-- A process that returns is told, too.
local pid, err = server.start("app:returns")
assert(not pid and err:kind() == errors.UNAVAILABLE and err:find("ended before it replied", 1, true), err)
assert(err:retryable() and err:details().pid)

-- The process that has started a server may call it.
pid = assert(server.start("app:echo"))
assert(server.call(pid, 7) == 7)
assert(channel.select({ events:case_receive() }, true).default)

-- The start asks for the permission to spawn and to hear of the end.
for _, start in ipairs { server.start, supervisor.start } do
  pid, err = start("app:unseen")
  assert(not pid and err:kind() == errors.PERMISSION_DENIED, err)
  assert(err:details().action == "process.spawn.monitored" and err:details().resource == "app:unseen", err)
end
