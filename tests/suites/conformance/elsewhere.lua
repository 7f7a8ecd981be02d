-- Put beside a program of the suite that runs on the nodes `a` and `b` of a cluster. The first
-- line of each of its files takes `process` from here: what that starts is started on the other
-- node, and its names are those of the cluster.
--
-- The main program runs on `a`. On `b` the same program serves until `a` has left.
local BY_TURNS <const> = false

-- Waits until node b is up.
if ... == "arrival" then
  return function()
    assert(process.monitor_nodes())
    local events = process.events()
    for _, name in ipairs(process.nodes()) do
      if name == "b" then
        return true
      end
    end
    repeat until events:receive().node == "b"
    return true
  end
end

local own = process.node()
local other = own == "a" and "b" or "a"
local starts = 0

-- Returns a host on the other node; of every second start of a process one on this node if
-- starts go by turns.
local function elsewhere(host)
  starts = starts + 1
  if type(host) ~= "string" or BY_TURNS and starts % 2 == 0 then
    return host
  end
  return other .. "@" .. host
end

local STARTS <const> = { "spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored", "exec" }

-- Returns a spawner that starts elsewhere, in place of a spawner; other results as they are.
local function spawner(inner, ...)
  if inner == nil then
    return inner, ...
  end
  local outer = {}
  for _, name in ipairs(STARTS) do
    outer[name] = function(_, definition, host, ...)
      return inner[name](inner, definition, elsewhere(host), ...)
    end
  end
  return setmetatable(outer, {
    __index = function(_, name)
      return function(_, ...)
        return spawner(inner[name](inner, ...))
      end
    end,
  })
end

local far = {}
for _, name in ipairs(STARTS) do
  far[name] = function(definition, host, ...)
    return process[name](definition, elsewhere(host), ...)
  end
end
for _, name in ipairs { "with_context", "with_options" } do
  far[name] = function(...)
    return spawner(process[name](...))
  end
end
local registry = process.registry
far.registry = setmetatable({
  register = function(name, pid, scope)
    return registry.register(name, pid, scope or registry.STRONG)
  end,
  unregister = function(name, scope)
    return registry.unregister(name, scope or registry.STRONG)
  end,
}, { __index = registry })

-- The main program of node b.
local function serve()
  assert(process.monitor_nodes())
  local events = process.events()
  print("node b serves")
  repeat until events:receive().kind == process.event.NODE_DOWN
end

if own == "a" then
  local is_up = false
  for _, name in ipairs(process.nodes()) do
    is_up = is_up or name == other
  end
  assert(is_up or process.exec("app:elsewhere", "app:processes", "arrival"))
end

return { process = setmetatable(far, { __index = process }), serve = serve }
