-- No child runs twice: a stop crosses its end, a restart finds its name held by a process
-- that is ending, and somebody asks who knows of an end before the supervisor does.
-- shows: SU-9

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local roles = {}

function roles.child(main)
  process.send(main, "up")
  process.listen("end"):receive()
end

-- Holds a name until it is told to end.
function roles.holder(main)
  process.send(main, "holds")
  process.listen("end"):receive()
end

-- Ends by a stop of the supervisor that it asks for itself, or by a message.
return function(role, ...)
  if role then
    return roles[role](...)
  end
  local up, events = process.listen("up", { message = true }), process.events()
  local pid = assert(supervisor.start { max_restarts = 1000000, children = {
    { definition = me, args = { "child", process.pid() }, name = "child", shutdown = "kill" },
  } })
  local births = 0
  local function next_birth()
    local born = up:receive("60s"):from()
    births = births + 1
    return born
  end
  local child = next_birth()
  for round = 1, 200 do
    if round % 2 == 0 then
      process.send(child, "end")
    else
      process.terminate(child)
    end
    assert(supervisor.stop_child(pid, "child"))
    -- The supervisor may have started it again before it read the request.
    while true do
      local got = channel.select { up:case_receive(), default = true }
      if got.default then
        break
      end
      births = births + 1
    end
    assert(supervisor.find(pid, "child").state == "stopped")
    assert(not process.registry.lookup("child"))
    local started = assert(supervisor.restart_child(pid, "child"))
    child = next_birth()
    while child ~= started do
      child = next_birth()
    end
    assert(process.registry.lookup("child") == child)
  end

  -- A process that has read the EXIT of a child finds it restarted, or about to be.
  for _ = 1, 100 do
    assert(process.monitor(child))
    assert(process.terminate(child))
    local ended = events:receive().from
    assert(ended == child)
    local found = assert(supervisor.find(pid, "child"))
    assert(found.pid ~= ended)
    child = next_birth()
  end
  assert(supervisor.stop_child(pid, "child"))

  -- A name that is held: the child starts when its holder ends.
  local holds = process.listen("holds")
  local spawner = assert(assert(process.with_context {}):with_name("child"))
  local holder = assert(spawner:spawn(me, "app:processes", "holder", process.pid()))
  holds:receive()
  local started = channel.new(1)
  coroutine.spawn(function()
    started:send(assert(supervisor.restart_child(pid, "child")))
  end)
  process.send(holder, "end")
  assert(started:receive() == next_birth())
  assert(process.registry.lookup("child") == supervisor.find(pid, "child").pid)
  -- A name of another child stays its own.
  local other, err = supervisor.start_child(pid, {
    id = "other", definition = me, args = { "child", process.pid() }, name = "child",
  })
  assert(not other and err:kind() == errors.ALREADY_EXISTS)
end
