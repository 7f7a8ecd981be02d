-- logger: records with fields, for the program's log.

local native = ...
local log, object, state = native.log, native.object, native.state
local public, bad_argument = native.public, native.bad_argument
local errors = errors
local type, pairs, tostring = type, pairs, tostring

local LEVELS = { debug = 0, info = 1, warn = 2, error = 3 }

local class = { __name = "logger", __metatable = "logger" }
local methods = {}
class.__index = methods

local function new(name, fields)
  return object(class, { name = name, fields = fields })
end

-- The logger that a method was called on.
local function self_of(logger, method)
  return state(logger, class) or bad_argument(1, method, "logger", logger)
end

local function merged(fields, more)
  if not fields then
    return more
  end
  local all = {}
  for key, value in pairs(fields) do
    all[key] = value
  end
  for key, value in pairs(more or {}) do
    all[key] = value
  end
  return all
end

local function missing(what)
  return nil, errors.new { kind = errors.INVALID, message = what .. " missing" }
end

-- `first` is the place of the message among the arguments.
local function write(self, name, first, message, fields)
  if message == nil then
    return missing("message is")
  elseif fields ~= nil and type(fields) ~= "table" then
    bad_argument(first + 1, name, "table", fields)
  end
  return log(LEVELS[name], self.name, tostring(message), merged(self.fields, fields))
end

local root = { name = "" }
local library = {}

for name in pairs(LEVELS) do
  methods[name] = public(function(logger, message, fields)
    return write(self_of(logger, name), name, 2, message, fields)
  end)
  -- Called as logger.info(...), without a logger in front.
  library[name] = public(function(message, fields)
    return write(root, name, 1, message, fields)
  end)
end

local function with(self, fields)
  if fields == nil then
    return missing("fields are")
  elseif type(fields) ~= "table" then
    bad_argument(2, "with", "table", fields)
  end
  return new(self.name, merged(self.fields or {}, fields))
end

local function named(self, name)
  if name == nil then
    return missing("name is")
  elseif type(name) ~= "string" then
    bad_argument(2, "named", "string", name)
  end
  return new(name, self.fields)
end

methods.with = public(function(logger, fields)
  return with(self_of(logger, "with"), fields)
end)

methods.named = public(function(logger, name)
  return named(self_of(logger, "named"), name)
end)

-- logger:with(...) and logger:named(...), on the library itself.
library.with = public(function(_, fields)
  return with(root, fields)
end)

library.named = public(function(_, name)
  return named(root, name)
end)

logger = library
native.loaded.logger = library
