-- A supervisor hears of the end of the process that a start function returns, with its cause,
-- also if that process has ended before the start function returns. Other processes that the
-- function has spawned are none of its children.
-- shows: SU-23

local server, supervisor = require("server"), require("supervisor")

local me = process.id():match("[^#]+")

local roles = {}

function roles.breaks()
  error("broken at once", 0)
end

function roles.returns() end

function roles.waits()
  process.listen("end"):receive()
end

roles["server.start"] = function(...)
  return server.entry { call = function() error("broken at once", 0) end }.main("server.start", ...)
end

-- Returns when the process has ended: it answers no call.
local function ended(pid)
  local answer, err = server.call(pid, "request", "60s")
  assert(answer == nil and err, err)
  return pid
end

local ways = {
  spawn = function(role) return process.spawn(me, nil, role) end,
  spawn_linked = function(role) return process.spawn_linked(me, nil, role) end,
  spawn_linked_monitored = function(role) return process.spawn_linked_monitored(me, nil, role) end,
  spawner = function(role) return assert(process.with_context {}):spawn(me, nil, role) end,
}

-- Runs a supervisor of one child, whose start function waits for the end of its process.
function roles.tree(way, role, restart)
  return supervisor.run { max_restarts = 0, children = {
    { id = "x", restart = restart, start = function()
      assert(process.spawn(me, nil, "returns"))
      if way == "server" then
        return ended(assert(server.start(me)))
      end
      return ended(assert(ways[way](role)))
    end },
  } }
end

-- The end of a second process, which the start function has spawned, too, is no child's.
function roles.two()
  return supervisor.run { max_restarts = 0, children = {
    { id = "x", shutdown = "kill", start = function()
      ended(assert(process.spawn_monitored(me, nil, "breaks")))
      return process.spawn(me, nil, "waits")
    end },
  } }
end

return function(role, ...)
  if role then
    return roles[role](...)
  end
  local events = process.events()
  local function cause_of(...)
    local tree = assert(process.spawn_monitored(me, nil, "tree", ...))
    local event = events:receive()
    assert(event.kind == process.event.EXIT and event.from == tree)
    return event.result.error
  end
  for way in pairs(ways) do
    local why = cause_of(way, "breaks", "permanent")
    assert(why:find("restarts exceed max_restarts = 0", 1, true) and why:find("broken at once", 1, true), way .. ": " .. why)
  end
  local why = cause_of("server", nil, "permanent")
  assert(why:find("restarts exceed max_restarts = 0", 1, true) and why:find("broken at once", 1, true), why)

  -- A transient child may return at once.
  for way in pairs(ways) do
    local tree = assert(supervisor.start(me, { args = { "tree", way, "returns", "transient" } }))
    local child
    repeat
      child = assert(supervisor.find(tree, "x"))
    until child.state == "stopped"
    assert(not child.pid and child.restarts == 0, way)
    assert(supervisor.stop(tree))
  end

  local tree = assert(supervisor.start(me, { args = { "two" } }))
  local child = assert(supervisor.find(tree, "x"))
  assert(child.state == "running" and child.restarts == 0)
  assert(supervisor.stop(tree))
  assert(not process.monitor(child.pid))
end
