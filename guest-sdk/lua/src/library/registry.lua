-- Registries: one process for each key, started when it is asked for, and forgotten when
-- it ends. A registry is a supervisor of the strategy `dynamic`.
--
--     local registry = require("registry")
--     assert(registry.start({ definition = "app:room" }, { name = "rooms" }))
--     local room = assert(registry.start_or_get("rooms", "lobby"))

local native = ...
local told = native.told
local failures = require("warren.server.failures")
local given_options = require("warren.server.options")
local requests = require("warren.supervisor.requests")
local spec = require("warren.supervisor.spec")
local supervisor = require("warren.supervisor")

local registry = {}

local OPTIONS <const> = { name = "string", host = "string", max_processes = true }
local OPTIONS_OF_A_CHILD <const> = { id = true, name = "string", host = "string", max_processes = true }

-- Returns the supervisor of a registry, whose processes are as `child` describes; or nil and
-- an error.
local function description(child, most)
  local is_whole, err = spec.check_registry(child)
  if not is_whole then
    return nil, err
  end
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
  return { strategy = "dynamic", child = template, max_children = most }
end

-- Starts a registry in a new process, linked to this one. `child` describes its
-- processes as a child of a supervisor, without a name and an id.
local function start(child, options)
  local given, err = given_options.of_start("child", child, options, OPTIONS)
  if not given then
    return nil, err
  end
  local registry_of
  registry_of, err = description(child, given.max_processes)
  if not registry_of then
    return nil, err
  end
  local pid
  pid, err = supervisor.start(registry_of, { name = given.name, host = given.host })
  if not pid and errors.is(err, errors.INVALID) then
    err = failures.of_value(err, child, "child")
  end
  return pid, err
end

registry.start = told(start, "registry.start")

-- Describes a registry as a child of a supervisor. Raises what is wrong with it.
function registry.child(child, options)
  if options == nil then
    failures.raise("options are missing; give a name or an id")
  elseif type(child) ~= "table" then
    failures.bad_argument(1, "child", "table", child)
  end
  local given, err = given_options.of(2, "child", options, OPTIONS_OF_A_CHILD)
  local registry_of
  if given then
    registry_of, err = description(child, given.max_processes)
  end
  if not registry_of then
    error(err, 2)
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
registry.start_or_get = told(function(dest, key, ...)
  return start_key(dest, key, { n = select("#", ...) + 1, key, ... })
end, "registry.start_or_get")

-- Returns the process of a key, if there is one.
registry.lookup = about_a_key("find_key", { looks = true, as = "lookup" })

-- Stops the process of a key.
registry.stop = told(about_a_key("stop_key", { as = "stop" }), "registry.stop", "stop")

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
