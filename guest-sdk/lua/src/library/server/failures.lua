-- Failures of functions that others call: wrong arguments, and what handlers raise.

local errors, error, type = errors, error, type

local failures = {}

-- Raises the error of an argument, for the one who has called the calling function.
function failures.bad_argument(place, name, expected, value)
  local got = value == nil and "no value" or type(value)
  error("bad argument #" .. place .. " to '" .. name .. "' (" .. expected .. " expected, got " .. got .. ")", 3)
end

-- Makes a structured error, with the place, of what a function has raised; for `xpcall`.
function failures.with_place(raised)
  if type(raised) == "string" then
    return errors.new(raised)
  end
  return raised
end

return failures
