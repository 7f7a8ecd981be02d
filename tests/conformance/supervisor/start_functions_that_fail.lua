-- A start function that raises, or returns no PID, is a start that fails: at the start those
-- before it are stopped, and later it counts as a restart.
-- shows: SU-1, SU-4, SU-11

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

local ways = {
  raise = function() error("no luck", 0) end,
  ["raise a table"] = function() error { code = 1 } end,
  nothing = function() end,
  ["no PID"] = function() return 7 end,
  name = function() return "somebody" end,
  refuse = function() return nil, "no luck" end,
}

return function(role, main, way)
  if role == "leaf" then
    assert(process.send(main, "up", process.pid()))
    if way then
      assert(process.send(way, "go"))
    end
    process.listen("end"):receive()
    return
  elseif role == "tree" then
    local starts, go = 0, process.listen("go")
    return supervisor.run { max_restarts = 1, children = {
      { id = "before", definition = me, args = { "leaf", main, process.pid() }, shutdown = "kill" },
      { id = "x", shutdown = "kill", start = function()
        starts = starts + 1
        if way.at == starts then
          if starts == 1 then
            go:receive()
          end
          return ways[way.name]()
        end
        return process.spawn(me, nil, "leaf", main)
      end },
    } }
  end
  assert(process.set_options { trap_links = true })
  local up, events = process.listen("up"), process.events()
  for name in pairs(ways) do
    local tree, err = supervisor.start(me, { args = { "tree", process.pid(), { name = name, at = 1 } } })
    assert(not tree and err:find("child 'x' did not start: ", 1, true), err)
    assert(not name:find("raise") and name ~= "refuse" or err:find("no luck") or err:details().code == 1, err)
    assert(not process.monitor((up:receive())), "the child before it is stopped")

    -- The restart that fails is the second one.
    tree = assert(supervisor.start(me, { args = { "tree", process.pid(), { name = name, at = 2 } } }))
    up:receive()
    up:receive()
    process.terminate(supervisor.find(tree, "x").pid)
    local event = events:receive()
    while event.from ~= tree do
      event = events:receive()
    end
    assert(event.result.error:find("restarts exceed max_restarts = 1", 1, true), event.result.error)
  end
end
