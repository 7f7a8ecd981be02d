-- Registries: one process for each key, started when it is asked for, and forgotten when
-- it ends. A registry is a supervisor of the strategy `dynamic`.
--
--     local registry = require("registry")
--     assert(registry.start({ definition = "app:room" }, { name = "rooms" }))
--     local room = assert(registry.start_or_get("rooms", "lobby"))

local failures = require("warren.server.failures")
local requests = require("warren.supervisor.requests")
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

-- Returns the error of a value that is no key; nothing for a key.
local function not_a_key(key)
  if type(key) == "string" or math.type(key) == "integer" then
    return nil
  end
  local got = type(key)
  got = got == "nil" and got or got == "number" and tostring(key) or "a " .. got
  return failures.failure(errors.INVALID, "key is text or an integer, not " .. got)
end

-- Returns a function that asks a registry about a key.
local function about_a_key(request, options)
  options.arguments = options.arguments or { "key" }
  local ask = requests.to("supervisor", request, options)
  return function(dest, key, ...)
    local err = dest ~= nil and not_a_key(key)
    if err then
      return nil, err
    end
    return ask(dest, key, ...)
  end
end

-- Returns the error of a start whose arguments, behind the key, cannot cross.
local function refused(err, _, _, args)
  for place = 2, args.n do
    err = failures.of_value(err, args[place], ("arguments[%d]"):format(place - 1))
  end
  return err
end

local start_key = about_a_key("start_key", {
  arguments = { "key", "arguments" }, as = "start_or_get", refused = refused,
})

-- Returns the process of a key. If there is none, starts one with the arguments of the
-- registry, the key, and the arguments given here.
function registry.start_or_get(dest, key, ...)
  return start_key(dest, key, { n = select("#", ...) + 1, key, ... })
end

-- Returns the process of a key, if there is one.
registry.lookup = about_a_key("find_key", { looks = true, as = "lookup" })

-- Stops the process of a key.
registry.stop = about_a_key("stop_key", { as = "stop" })

local children = requests.to("supervisor", "children", { looks = true, as = "keys" })

-- Returns a list of all keys.
function registry.keys(dest, timeout)
  if dest ~= nil and type(dest) ~= "string" then
    failures.bad_argument(1, "keys", "string", dest)
  end
  local list, err = children(dest, timeout)
  if not list then
    return nil, err
  end
  for place, child in ipairs(list) do
    list[place] = child.id
  end
  return list
end

return registry
