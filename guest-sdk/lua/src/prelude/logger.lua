-- logger: records with fields, for the program's log.

local native = ...
local log, object, state = native.log, native.object, native.state
local errors = errors
local error, type, pairs, tostring = error, type, pairs, tostring

local LEVELS = { debug = 0, info = 1, warn = 2, error = 3 }

local class = { __name = "logger", __metatable = "logger" }
local methods = {}
class.__index = methods

local function new(name, fields)
  return object(class, { name = name, fields = fields })
end

-- The logger that a method was called on.
local function self_of(logger, method)
  return state(logger, class)
    or error("bad argument #1 to '" .. method .. "' (logger expected, got " .. type(logger) .. ")", 3)
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

local function write(self, name, message, fields)
  if message == nil then
    return nil, errors.new { kind = errors.INVALID, message = "message is missing" }
  end
  if fields ~= nil and type(fields) ~= "table" then
    error("bad argument #2 to '" .. name .. "' (table expected, got " .. type(fields) .. ")", 3)
  end
  return log(LEVELS[name], self.name, tostring(message), merged(self.fields, fields))
end

local root = { name = "" }
local library = {}

for name in pairs(LEVELS) do
  methods[name] = function(logger, message, fields)
    return write(self_of(logger, name), name, message, fields)
  end
  -- Called as logger.info(...), without a logger in front.
  library[name] = function(message, fields)
    return write(root, name, message, fields)
  end
end

function methods.with(logger, fields)
  local self = self_of(logger, "with")
  if type(fields) ~= "table" then
    error("bad argument #1 to 'with' (table expected, got " .. type(fields) .. ")", 2)
  end
  return new(self.name, merged(self.fields or {}, fields))
end

function methods.named(logger, name)
  local self = self_of(logger, "named")
  if type(name) ~= "string" then
    error("bad argument #1 to 'named' (string expected, got " .. type(name) .. ")", 2)
  end
  return new(name, self.fields)
end

local first = object(class, root)

-- logger:with(...) and logger:named(...), on the library itself.
function library.with(_, fields)
  return methods.with(first, fields)
end

function library.named(_, name)
  return methods.named(first, name)
end

logger = library
native.loaded.logger = library
