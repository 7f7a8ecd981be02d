-- Registries: one process for each key, started when it is asked for, and forgotten when
-- it ends. A registry is a supervisor of the strategy `dynamic`.
--
--     local registry = require("registry")
--     assert(registry.start({ definition = "app:room" }, { name = "rooms" }))
--     local room = assert(registry.start_or_get("rooms", "lobby"))

local failures = require("warren.server.failures")
local supervisor = require("warren.supervisor")

local registry = {}

-- Returns the supervisor of a registry, whose processes are as `child` describes.
local function description(name, child, max_children)
  if type(child) ~= "table" then
    failures.bad_argument(1, name, "table", child)
  end
  local template = { restart = "temporary" }
  for key, value in pairs(child) do
    template[key] = value
  end
  return { strategy = "dynamic", child = template, max_children = max_children }
end

-- Starts a registry in a new process, linked to this one. `child` describes its
-- processes as a child of a supervisor, without a name and an id.
function registry.start(child, options)
  if child == nil then
    return nil, failures.failure(errors.INVALID, "child is missing")
  end
  options = options or {}
  local registry_of = description("start", child, options.max_processes)
  return supervisor.start(registry_of, { name = options.name, host = options.host })
end

-- Describes a registry as a child of a supervisor.
function registry.child(child, options)
  if options == nil then
    error("options are missing; give a name or an id", 2)
  end
  return {
    id = options.id, name = options.name, host = options.host,
    supervisor = description("child", child, options.max_processes),
  }
end

-- Returns the process of a key. If there is none, starts one with the arguments of the
-- registry, the key, and the arguments given here.
function registry.start_or_get(dest, key, ...)
  if type(key) ~= "string" and math.type(key) ~= "integer" then
    local got = type(key)
    got = got == "nil" and got or got == "number" and tostring(key) or "a " .. got
    return nil, failures.failure(errors.INVALID, "key is text or an integer, not " .. got)
  end
  local pid, err = supervisor.start_child(dest, { id = key, args = { n = select("#", ...) + 1, key, ... } })
  if not pid and errors.is(err, errors.ALREADY_EXISTS) then
    local details = err:details()
    pid = details and details.pid
  end
  return pid, not pid and err or nil
end

-- Returns the process of a key, if there is one.
function registry.lookup(dest, key, timeout)
  local child, err = supervisor.find(dest, key, timeout)
  if not child then
    return nil, err
  end
  return child.pid
end

-- Stops the process of a key.
registry.stop = supervisor.stop_child

-- Returns a list of the keys that have a process.
function registry.keys(dest, timeout)
  local children, err = supervisor.children(dest, timeout)
  if not children then
    return nil, err
  end
  for place, child in ipairs(children) do
    children[place] = child.id
  end
  return children
end

return registry
