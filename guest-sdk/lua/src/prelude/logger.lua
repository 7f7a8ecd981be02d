-- logger: records with fields, for the program's log.

local native = ...
local log, object, state = native.log, native.object, native.state
local public, bad_argument, place = native.public, native.bad_argument, native.place
local errors = errors
local null = json.null
local type, next, rawget, tostring, getmetatable = type, next, rawget, tostring, getmetatable

local LEVELS = { debug = 0, info = 1, warn = 2, error = 3 }
-- Tables of fields nested deeper than this are shown by their `tostring`.
local DEEPEST = 32
-- Classes whose objects leave the process as plain data.
local PLAIN = { actor = true, scope = true, policy = true, payload = true }

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

-- A value that may leave the process. Of what may not, an error and a table within itself
-- included, the text. `copies` has the copy of each table, which is made once however many
-- ways lead to it, and false while it is made.
local function plain(value, depth, copies)
  local kind = type(value)
  if kind == "table" and copies[value] then
    return copies[value]
  elseif kind == "table" and depth < DEEPEST and copies[value] == nil then
    local copy = {}
    copies[value] = false
    for key, part in next, value do
      local keyed = type(key)
      if keyed ~= "string" and keyed ~= "number" and keyed ~= "boolean" then
        key = tostring(key)
      end
      copy[key] = plain(part, depth + 1, copies)
    end
    copies[value] = copy
    return copy
  elseif kind == "string" or kind == "number" or kind == "boolean" then
    return value
  elseif kind == "userdata" and PLAIN[getmetatable(value)] then
    return value
  elseif value == null then
    return "null"
  end
  return tostring(value)
end

-- The fields of a logger with more beside them, which win.
local function merged(fields, more)
  local all = {}
  for key, value in next, fields or all do
    all[key] = value
  end
  for key, value in next, plain(more or {}, 0, {}) do
    all[key] = value
  end
  return all
end

local function invalid(message)
  return nil, errors.new { kind = errors.INVALID, retryable = false, message = message }
end

-- The table that fields are given by. An error or a text in its place is the field
-- `error`, so that a program's way to report a failure does not fail itself.
local function table_of(fields, place, name)
  if fields == nil or type(fields) == "table" then
    return fields
  elseif type(fields) == "string" or getmetatable(fields) == "error" then
    return { error = fields }
  end
  bad_argument(place, name, "table", fields)
end

-- `first` is the place of the message among the arguments.
local function write(self, name, first, message, fields)
  if message == nil then
    return invalid("message is missing")
  end
  fields = table_of(fields, first + 1, name)
  local level = LEVELS[name]
  -- Asked before anything is made for a record that nobody takes.
  local location = place(level)
  if location == false then
    return true
  end
  local all = merged(self.fields, fields)
  -- The place is what the runtime says, like PID and definition. It is nil where C calls.
  all.location = location
  return log(level, self.name, tostring(message), all)
end

local function with(self, first, fields)
  if fields == nil then
    return invalid("fields are missing")
  end
  return new(self.name, merged(self.fields, table_of(fields, first, "with")))
end

local function named(self, first, name)
  if name == nil then
    return invalid("name is missing")
  elseif type(name) ~= "string" then
    bad_argument(first, "named", "string", name)
  elseif name == "" then
    return invalid("name is empty")
  end
  if self.name ~= "" then
    name = self.name .. "." .. name
  end
  return new(name, self.fields)
end

local root = { name = "" }
local library = {}

-- A method of loggers, and a function of the library. The library is called with itself
-- in front (`logger:info`) or without (`logger.info`): a table in front that has the
-- function is the library, or a copy that stands in its place.
local function define(name, act)
  methods[name] = public(function(logger, ...)
    return act(self_of(logger, name), 2, ...)
  end)
  library[name] = public(function(first, ...)
    if type(first) == "table" and type(rawget(first, name)) == "function" then
      return act(root, 2, ...)
    end
    return act(root, 1, first, ...)
  end)
end

for name in next, LEVELS do
  define(name, function(self, first, message, fields)
    return write(self, name, first, message, fields)
  end)
end
define("with", with)
define("named", named)

logger = library
native.loaded.logger = library
