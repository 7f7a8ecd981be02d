-- The start of a server by another process.

local native = ...
local spawn_watched = native.spawn_watched
local errors, process = errors, process
local type = type
local failures = require("warren.server.failures")
local caller = require("warren.server.caller")
local options_of = require("warren.server.options").of

local TIMEOUT <const> = 5000

local OPTIONS <const> = {
  host = "string", name = "string", link = "boolean", monitor = "boolean", spawner = "spawner", timeout = true,
}

local starting = {}

-- The word that begins the arguments of a definition which `start` starts; the one to tell
-- when the server has started follows, as `server.reply_to` returns it.
starting.STARTED = "server.start"

-- Returns the spawner for a start with these options; nil for a start that needs none. Or nil
-- and an error.
local function spawner_of(options)
  if not options.name then
    return options.spawner
  end
  local spawner, err = options.spawner, nil
  if not spawner then
    spawner, err = process.with_context {}
    if not spawner then
      return nil, err
    end
  end
  return spawner:with_name(options.name)
end

-- Starts a server, and waits until its `init` has returned. Returns its PID, or nil and the
-- error of `init` or of the spawn.
function starting.start(definition, argument, options)
  if definition == nil then
    return nil, failures.failure(errors.INVALID, "definition is missing")
  elseif type(definition) ~= "string" then
    failures.bad_argument(1, "start", "string", definition)
  end
  local given, err = options_of(3, "start", options, OPTIONS)
  if not given then
    return nil, err
  end
  local timeout = given.timeout or TIMEOUT
  local may_wait, refused = caller.check_timeout(timeout)
  if not may_wait then
    return nil, refused
  end
  local spawner
  spawner, err = spawner_of(given)
  if err then
    return nil, err
  end
  local topic, number = caller.address()
  if not topic then
    return nil, number
  end
  local to = { pid = process.pid(), topic = topic, number = number }
  local pid, ending = spawn_watched(
    spawner, given.monitor, given.link, definition, given.host, starting.STARTED, to, argument
  )
  if not pid then
    err = ending
    return nil, errors.is(err, errors.INVALID) and failures.of_value(err, argument, "argument") or err
  end
  local started, is_late
  started, err, is_late = caller.answer(pid, ending, number, timeout)
  if started then
    return pid
  elseif is_late then
    process.terminate(pid)
  end
  return nil, err
end

return starting
