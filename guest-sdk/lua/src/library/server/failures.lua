-- Failures of functions that others call: wrong arguments, and what handlers raise.

local native = ...
local errors, process, type = errors, process, type

local failures = {}

-- Raises text behind the position of the program's call.
failures.raise = native.raise

-- Raises the error of an argument of the function `name`, which the program has called.
function failures.bad_argument(place, name, expected, value)
  local got = value == nil and "no value" or type(value)
  failures.raise("bad argument #" .. place .. " to '" .. name .. "' (" .. expected .. " expected, got " .. got .. ")")
end

-- Returns the error of a destination that is missing, the first argument.
function failures.no_destination()
  local why = "destination is missing: argument 1 is nil, as after a lookup or spawn whose error was ignored"
  return failures.failure(errors.INVALID, why)
end

-- Makes an error of these modules. The caller may try again after a failure that passes.
function failures.failure(kind, message, details)
  local retryable = kind == errors.RATE_LIMITED or kind == errors.TIMEOUT or kind == errors.UNAVAILABLE
  return errors.new { kind = kind, retryable = retryable, message = message, details = details }
end

-- Makes the error of a limit that this process has met, with details as the runtime gives
-- them.
local function of_limit(kind, limit, value, message)
  local host = process.pid():match("^{(.*)|")
  return failures.failure(kind, message, { limit = limit, value = value, host = host })
end

-- Makes the error of a limit of this process that is reached.
function failures.at_limit(limit, value, message)
  return of_limit(errors.RATE_LIMITED, limit, value, message)
end

-- Makes the error of something that is larger than it may ever be.
function failures.beyond(limit, value, message)
  return of_limit(errors.INVALID, limit, value, message)
end

-- Returns the error of a call that was to send a value. A value that cannot cross is the
-- reason, and has its own name in the error.
function failures.of_value(err, value, name)
  local _, refused = native.check_value(value, name)
  return refused or err
end

-- Makes a structured error, with the place, of whatever a function has raised; for `xpcall`.
failures.structured = native.structured

-- Returns the reason of a failure as a process returns it: text, or a structured error. No
-- reason, nil, stays nil.
function failures.reason(given)
  if given == nil or type(given) == "string" then
    return given
  end
  return native.structured(given)
end

return failures
