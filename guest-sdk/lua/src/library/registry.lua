-- Registries: one process for each key, started when it is asked for, and forgotten when
-- it ends. A registry is a supervisor of the strategy `dynamic`.
--
--     local registry = require("registry")
--     assert(registry.start({ definition = "app:room" }, { name = "rooms" }))
--     local room = assert(registry.start_or_get("rooms", "lobby"))

local failures = require("warren.server.failures")
local spec = require("warren.supervisor.spec")
local supervisor = require("warren.supervisor")

local registry = {}

local OPTIONS <const> = { name = true, host = true, max_processes = true }
local OPTIONS_OF_A_CHILD <const> = { id = true, name = true, host = true, max_processes = true }

-- Returns the supervisor of a registry, whose processes are as `child` describes, and the
-- options; or nil and an error.
local function description(child, options, keys)
  local given, err = spec.options(options, keys)
  if not given then
    return nil, err
  end
  local is_whole
  is_whole, err = spec.check_registry(child)
  if not is_whole then
    return nil, err
  end
  local most = given.max_processes
  if most ~= nil then
    most, err = spec.checked(spec.check_integer, most, 0, "options.max_processes")
    if not most then
      return nil, err
    end
  end
  local template = { restart = "temporary" }
  for key, value in pairs(child) do
    template[key] = value
  end
  return { strategy = "dynamic", child = template, max_children = most }, given
end

-- Starts a registry in a new process, linked to this one. `child` describes its
-- processes as a child of a supervisor, without a name and an id.
function registry.start(child, options)
  if child == nil then
    return nil, failures.failure(errors.INVALID, "child is missing")
  elseif type(child) ~= "table" then
    failures.bad_argument(1, "start", "table", child)
  elseif options ~= nil and type(options) ~= "table" then
    failures.bad_argument(2, "start", "table", options)
  end
  local registry_of, given = description(child, options, OPTIONS)
  if not registry_of then
    return nil, given
  end
  local pid, err = supervisor.start(registry_of, { name = given.name, host = given.host })
  if not pid and errors.is(err, errors.INVALID) then
    err = failures.of_value(err, child, "child")
  end
  return pid, err
end

-- Describes a registry as a child of a supervisor. Raises what is wrong with it.
function registry.child(child, options)
  if options == nil then
    error("options are missing; give a name or an id", 2)
  elseif type(child) ~= "table" then
    failures.bad_argument(1, "child", "table", child)
  elseif type(options) ~= "table" then
    failures.bad_argument(2, "child", "table", options)
  end
  local registry_of, given = description(child, options, OPTIONS_OF_A_CHILD)
  if not registry_of then
    error(given, 2)
  end
  return { id = given.id, name = given.name, host = given.host, supervisor = registry_of }
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
