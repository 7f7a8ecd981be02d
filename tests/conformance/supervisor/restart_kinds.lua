-- A permanent child starts again after every end, a transient one after a failure, and a
-- temporary one never, also not with others.
-- shows: SU-3

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local function child(id, main)
  process.send(main, "up", id)
  local crash = process.listen("end"):receive()
  assert(not crash, "told to crash")
end

local function ids(pid)
  local list = {}
  for place, one in ipairs(assert(supervisor.children(pid))) do
    list[place] = one.id .. " " .. one.state
  end
  return table.concat(list, ", ")
end

return function(id, main)
  if id then
    return child(id, main)
  end
  local up = process.listen("up")
  local function describe(strategy, max_restarts)
    local children = {}
    for place, restart in ipairs { "permanent", "transient", "temporary" } do
      children[place] = {
        id = restart, definition = me, args = { restart, process.pid() }, name = restart, restart = restart,
        shutdown = "kill",
      }
    end
    return { strategy = strategy, children = children, max_restarts = max_restarts }
  end

  local pid = assert(supervisor.start(describe("one_for_one")))
  for _ = 1, 3 do
    up:receive()
  end
  for _, end_of in ipairs {
    { "permanent", false }, { "permanent", true }, { "transient", true },
  } do
    process.send(end_of[1], "end", end_of[2])
    assert(up:receive() == end_of[1])
  end
  for _, name in ipairs { "transient", "temporary" } do
    local holder = assert(process.registry.lookup(name))
    process.monitor(holder)
    process.send(name, "end", name == "temporary")
    assert(process.events():receive().from == holder)
  end
  assert(ids(pid) == "permanent running, transient stopped", ids(pid))
  assert(supervisor.stop(pid))

  pid = assert(supervisor.start(describe("one_for_all")))
  for _ = 1, 3 do
    up:receive()
  end
  process.send("permanent", "end", true)
  local begun = { [up:receive()] = true, [up:receive()] = true }
  assert(begun.permanent and begun.transient)
  assert(ids(pid) == "permanent running, transient running", ids(pid))
end
