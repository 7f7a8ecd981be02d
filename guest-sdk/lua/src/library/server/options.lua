-- Options of functions: tables whose keys are known.

local native = ...
local nearest = native.nearest
local errors, type, pairs, tostring, getmetatable = errors, type, pairs, tostring, getmetatable
local concat, sort = table.concat, table.sort
local failures = require("warren.server.failures")

local options = {}

-- The words for kinds of values in errors.
local WORDS <const> = { string = "text", boolean = "true or false", spawner = "a spawner" }

-- Returns a value as errors show it.
function options.quoted(value)
  return type(value) == "string" and "'" .. value .. "'" or tostring(value)
end

local quoted = options.quoted

-- Returns what is wrong with a table that has a key not among `keys`, with the key that was
-- meant, or with all keys; nil if nothing is wrong. `what` is the word for the table.
function options.unknown_key(given, keys, what)
  for key in pairs(given) do
    if not keys[key] then
      local meant = type(key) == "string" and nearest(key, keys)
      if meant then
        return ("%s has the unknown key %s; did you mean '%s'?"):format(what, quoted(key), meant)
      end
      local known = {}
      for name in pairs(keys) do
        known[#known + 1] = name
      end
      sort(known)
      return ("%s has the unknown key %s; the keys are %s"):format(what, quoted(key), concat(known, ", "))
    end
  end
end

local function kind_of(value)
  local kind = type(value)
  return kind == "userdata" and getmetatable(value) or kind
end

-- Returns the options that are argument `place` of the function `name`, none for nil; or nil
-- and an error of kind INVALID. `keys` has the kind of the value of each option, or true for a
-- value that is checked elsewhere. Raises if the argument is no table.
function options.of(place, name, given, keys)
  if given == nil then
    return {}
  elseif type(given) ~= "table" then
    failures.bad_argument(place, name, "table", given)
  end
  local why = options.unknown_key(given, keys, "options")
  if why then
    return nil, failures.failure(errors.INVALID, why)
  end
  for key, value in pairs(given) do
    local kind = keys[key]
    if kind ~= true and kind ~= kind_of(value) then
      why = ("options.%s is %s, not %s"):format(key, WORDS[kind], quoted(value))
      return nil, failures.failure(errors.INVALID, why)
    end
  end
  return given
end

-- Returns the options of a call of `start(description, options)`, none for nil; or nil and an
-- error of kind INVALID, which calls a missing description `word`. Raises if an argument is no
-- table.
function options.of_start(word, description, given, keys)
  if description == nil then
    return nil, failures.failure(errors.INVALID, word .. " is missing")
  elseif type(description) ~= "table" then
    failures.bad_argument(1, "start", "table", description)
  end
  return options.of(2, "start", given, keys)
end

return options
