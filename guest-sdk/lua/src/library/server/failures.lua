-- Failures of functions that others call: wrong arguments, and what handlers raise.

local native = ...
local errors, error, type = errors, error, type

local failures = {}

-- Raises the error of an argument, for the one who has called the calling function.
function failures.bad_argument(place, name, expected, value)
  local got = value == nil and "no value" or type(value)
  error("bad argument #" .. place .. " to '" .. name .. "' (" .. expected .. " expected, got " .. got .. ")", 3)
end

-- Makes an error of these modules. The caller may try again after a failure that passes.
function failures.failure(kind, message, details)
  local retryable = kind == errors.RATE_LIMITED or kind == errors.TIMEOUT or kind == errors.UNAVAILABLE
  return errors.new { kind = kind, retryable = retryable, message = message, details = details }
end

-- Returns an error of a value that cannot cross, whose message begins with another name.
function failures.renamed(err, pattern, name)
  if errors.call_stack(err) and errors.is(err, errors.INVALID) and err:message():find(pattern) then
    return failures.failure(errors.INVALID, (err:message():gsub(pattern, name, 1)))
  end
  return err
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
