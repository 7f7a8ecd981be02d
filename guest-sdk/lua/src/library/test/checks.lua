-- Statements of tests about values. One that does not hold raises, for the caller, the
-- last argument, a message, and what was expected and what is there.

local values = require("warren.test.values")
local failures = require("warren.server.failures")
local bad_argument = failures.bad_argument
local equal, show, differences = values.equal, values.show, values.differences
local error, pcall, type, next, tostring, rawget = error, pcall, type, next, tostring, rawget
local getmetatable = getmetatable
local call_stack, find = errors.call_stack, string.find

local checks = {}

-- Raises at the caller of the calling function.
local function fail(message, what)
  error((message == nil and "assertion failed" or tostring(message)) .. ": " .. what, 3)
end

function checks.eq(actual, expected, message)
  if not equal(actual, expected) then
    fail(message, "expected " .. show(expected) .. ", got " .. show(actual) .. differences(expected, actual))
  end
end

function checks.neq(actual, unexpected, message)
  if equal(actual, unexpected) then
    fail(message, "expected anything but " .. show(unexpected))
  end
end

function checks.ok(value, message)
  if not value then
    fail(message, "expected a true value, got " .. show(value))
  end
  return value
end

function checks.fail(message)
  error(message == nil and "assertion failed" or tostring(message), 2)
end

function checks.is_nil(value, message)
  if value ~= nil then
    fail(message, "expected nil, got " .. show(value))
  end
end

function checks.not_nil(value, message)
  if value == nil then
    fail(message, "expected a value, got nil")
  end
  return value
end

function checks.is_true(value, message)
  if value ~= true then
    fail(message, "expected true, got " .. show(value))
  end
  return value
end

function checks.is_false(value, message)
  if value ~= false then
    fail(message, "expected false, got " .. show(value))
  end
  return value
end

for _, kind in next, { "string", "number", "table", "function", "boolean" } do
  checks["is_" .. kind] = function(value, message)
    if type(value) ~= kind then
      fail(message, "expected a " .. kind .. ", got " .. show(value))
    end
    return value
  end
end

-- Returns the text of a string or a structured error; nothing for other values.
local function text_of(value)
  if type(value) == "string" then
    return value
  end
  return call_stack(value) and tostring(value)
end

function checks.contains(value, part, message)
  local text, found = text_of(value), nil
  if text then
    local wanted = text_of(part) or bad_argument(2, "contains", "string", part)
    found = find(text, wanted, 1, true)
  elseif type(value) == "table" then
    for _, element in next, value do
      found = found or equal(element, part)
    end
  end
  if not found then
    fail(message, "expected something that contains " .. show(part) .. ", got " .. show(value))
  end
  return value
end

function checks.matches(value, pattern, message)
  local text = text_of(value)
  if not text or not find(text, pattern) then
    fail(message, "expected a text that matches " .. show(pattern) .. ", got " .. show(value))
  end
  return value
end

function checks.has_key(value, key, message)
  if type(value) ~= "table" then
    fail(message, "expected a table with the key " .. show(key) .. ", got " .. show(value))
  elseif value[key] == nil then
    fail(message, "expected the key " .. show(key) .. " in " .. show(value))
  end
  return value[key]
end

local function length(value)
  return #value
end

function checks.len(value, expected, message)
  local has_length, got = pcall(length, value)
  if not has_length then
    fail(message, "expected the length " .. show(expected) .. ", got " .. show(value) .. ", which has none")
  elseif got ~= expected then
    fail(message, "expected the length " .. show(expected) .. ", got " .. show(got) .. " of " .. show(value))
  end
  return value
end

function checks.gt(value, least, message)
  if not (value > least) then
    fail(message, "expected more than " .. show(least) .. ", got " .. show(value))
  end
  return value
end

function checks.gte(value, least, message)
  if not (value >= least) then
    fail(message, "expected " .. show(least) .. " or more, got " .. show(value))
  end
  return value
end

function checks.lt(value, most, message)
  if not (value < most) then
    fail(message, "expected less than " .. show(most) .. ", got " .. show(value))
  end
  return value
end

function checks.lte(value, most, message)
  if not (value <= most) then
    fail(message, "expected " .. show(most) .. " or less, got " .. show(value))
  end
  return value
end

-- Takes the results of a call that was to fail.
function checks.has_error(value, err, message)
  if value ~= nil then
    fail(message, "expected nil and an error, got " .. show(value))
  elseif err == nil then
    fail(message, "expected an error, got nil")
  end
  return err
end

-- Takes the results of a call that was to succeed.
function checks.no_error(value, err, message)
  if err ~= nil then
    fail(message, "expected no error, got " .. show(err))
  end
  return value
end

local function check_callable(f, name)
  local meta = getmetatable(f)
  if type(f) ~= "function" and not (type(meta) == "table" and rawget(meta, "__call")) then
    error("bad argument #1 to '" .. name .. "' (function expected, got " .. type(f) .. ")", 3)
  end
end

function checks.throws(f, message)
  check_callable(f, "throws")
  local returned, err = pcall(f)
  if returned then
    fail(message, "expected an error, got none")
  end
  return err
end

function checks.not_throws(f, message)
  check_callable(f, "not_throws")
  local returned, value = pcall(f)
  if not returned then
    fail(message, "expected no error, got " .. show(value))
  end
  return value
end

function checks.error_kind(err, kind, message)
  if not call_stack(err) then
    fail(message, "expected a structured error of kind " .. show(kind) .. ", got " .. show(err))
  elseif err:kind() ~= kind then
    local got = show(err:kind()) .. ": " .. tostring(err)
    fail(message, "expected an error of kind " .. show(kind) .. ", got " .. got)
  end
  return err
end

function checks.error_contains(err, part, message)
  local text = text_of(err)
  if not text then
    fail(message, "expected an error that contains " .. show(part) .. ", got " .. show(err))
  elseif not find(text, text_of(part) or bad_argument(2, "error_contains", "string", part), 1, true) then
    fail(message, "expected an error that contains " .. show(part) .. ", got " .. show(text))
  end
  return err
end

return checks
