-- The start of a server by another process.

local errors, process = errors, process
local type = type
local failures = require("warren.server.failures")
local bad_argument = failures.bad_argument
local caller = require("warren.server.caller")

local TIMEOUT <const> = 5000

local starting = {}

-- The word that begins the arguments of a definition which `start` starts; the one to tell
-- when the server has started follows, as `server.reply_to` returns it.
starting.STARTED = "server.start"

-- Returns the function or method that spawns.
local function spawner_of(options)
  local name = "spawn" .. (options.link and "_linked" or "") .. (options.monitor and "_monitored" or "")
  local by = options.spawner
  if options.name then
    local err
    by, err = by or process.with_context {}, nil
    if by then
      by, err = by:with_name(options.name)
    end
    if not by then
      return nil, err
    end
  end
  if by then
    return function(...)
      return by[name](by, ...)
    end
  end
  return process[name]
end

-- Starts a server, and waits until its `init` has returned. Returns its PID, or nil and the
-- error of `init` or of the spawn.
function starting.start(definition, argument, options)
  if definition == nil then
    return nil, failures.failure(errors.INVALID, "definition is missing")
  elseif type(definition) ~= "string" then
    bad_argument(1, "start", "string", definition)
  elseif options ~= nil and type(options) ~= "table" then
    bad_argument(3, "start", "table", options)
  end
  options = options or {}
  local timeout = options.timeout or TIMEOUT
  local may_wait, refused = caller.check_timeout(timeout)
  if not may_wait then
    return nil, refused
  end
  local spawn, err = spawner_of(options)
  if not spawn then
    return nil, err
  end
  local topic, number = caller.address()
  if not topic then
    return nil, number
  end
  local to = { pid = process.pid(), topic = topic, number = number }
  local pid
  pid, err = spawn(definition, options.host, starting.STARTED, to, argument)
  if not pid then
    return nil, errors.is(err, errors.INVALID) and failures.of_value(err, argument, "argument") or err
  end
  local started, is_late
  started, err, is_late = caller.answer(pid, number, timeout)
  if started then
    return pid
  elseif is_late then
    process.terminate(pid)
  end
  return nil, err
end

return starting
