-- process.with_context and the spawner: an immutable description of what a
-- spawn sets. Values are encoded when they are given.

local native = ...
local object, state = native.object, native.state
local encode, encode_values = native.encode, native.encode_values
local spawn, exec = native.spawn_with_options, native.exec_with_options
local can = native.can
local public, wrong, beyond = native.public, native.bad_argument, native.beyond
local errors, process = errors, process
local type, next = type, next
local find, utf8_len = string.find, utf8.len

-- Bytes of the longest name, and of the longest value that crosses.
local MAX_NAME, MAX_MESSAGE = 1024, native.max_message

local class = { __name = "spawner", __metatable = "spawner" }
local methods = {}
class.__index = methods

local function invalid(message)
  return nil, errors.new { kind = errors.INVALID, retryable = false, message = message }
end

local function denied(action, resource)
  if can(action, resource) then
    return nil
  end
  return errors.new {
    kind = errors.PERMISSION_DENIED,
    retryable = false,
    message = "not allowed: " .. action .. " on " .. resource,
    details = { action = action, resource = resource },
  }
end

local function self_of(spawner, name)
  return state(spawner, class) or wrong(1, name, "spawner", spawner)
end

-- The parts of a spawner or executor, one of them replaced. The encoded options are made
-- anew.
local function replaced(self, part, value)
  local new = {}
  for key, old in next, self do
    new[key] = old
  end
  new[part] = value
  new.options = nil
  return new
end

-- A new spawner: the old one's parts, one of them replaced.
local function with(self, part, value)
  return object(class, replaced(self, part, value))
end

local encode_identity = { actor = native.encode_actor, scope = native.encode_scope }

-- The argument of with_actor or with_scope, encoded; or nil and an error. `part` is the name
-- of the class of the value.
local function identity(value, part, name, action)
  local encoded, refused = encode_identity[part](value)
  if refused then
    return nil, refused
  elseif not encoded then
    wrong(2, name, part, value)
  end
  local err = denied(action, "security")
  if err then
    return nil, err
  end
  return encoded
end

-- Adds with_actor and with_scope to the methods of a class. `state_of` returns the state of a
-- method's object, and `with` a new object with another part. Nil raises if `strict` is true.
local function add_identities(of_class, state_of, with, action, strict)
  for part in next, encode_identity do
    local name = "with_" .. part
    of_class[name] = function(given, value)
      local self = state_of(given, name)
      if value == nil and not strict then
        return invalid(part .. " is missing")
      end
      local encoded, err = identity(value, part, name, action)
      if not encoded then
        return nil, err
      end
      return with(self, part, encoded)
    end
  end
end

-- The values of a context, of layers that later spawners share: the newest of
-- each key.
local function flattened(layer)
  local values, count = {}, 0
  while layer do
    for key, value in next, layer.values do
      if values[key] == nil then
        values[key] = value
        count = count + 1
      end
    end
    layer = layer.before
  end
  return values, count
end

-- One layer more. When those above the lowest hold as much as that one, all
-- become one: so a layer costs the same however many there are, and values that
-- were replaced are not kept.
local function layered(before, values, count)
  local above = before and before.above + count + 1 or 0
  local layer = { values = values, before = before, above = above, lowest = before and before.lowest or count }
  if above > layer.lowest + 8 then
    values, count = flattened(layer)
    layer = { values = values, above = 0, lowest = count }
  end
  return layer
end

-- Bytes of keys and encoded values.
local function bytes_of(values)
  local bytes = 0
  for key, value in next, values do
    bytes = bytes + #key + #value
  end
  return bytes
end

-- The layer that a context becomes with values over it; or nil and an error.
local function with_values(before, values, action)
  local err = denied(action, "context")
  if err then
    return nil, err
  end
  local encoded, count = {}, 0
  for key, value in next, values do
    if type(key) ~= "string" or not utf8_len(key) then
      return invalid("a key of the context is not text")
    end
    local bytes, err = encode(value, "context." .. key)
    if not bytes then
      return nil, err
    end
    encoded[key] = bytes
    count = count + 1
  end
  local layer = layered(before, encoded, count)
  -- Counts what was replaced, too: only beyond the limit is it worth a look.
  layer.bytes = (before and before.bytes or 0) + bytes_of(encoded)
  if layer.bytes > MAX_MESSAGE then
    local all, number = flattened(layer)
    layer = { values = all, above = 0, lowest = number, bytes = bytes_of(all) }
    if layer.bytes > MAX_MESSAGE then
      local why = "context: more than " .. MAX_MESSAGE .. " bytes (max_message) cannot leave the process"
      return beyond("max_message", MAX_MESSAGE, why)
    end
  end
  return layer
end

local function with_context(self, values)
  local layer, err = with_values(self.context, values, "process.context")
  if not layer then
    return nil, err
  end
  return with(self, "context", layer)
end

process.with_context = public(function(values)
  if values == nil then
    return invalid("values are missing")
  elseif type(values) ~= "table" then
    wrong(1, "with_context", "table", values)
  end
  return with_context({}, values)
end)

function methods.with_context(spawner, values)
  local self = self_of(spawner, "with_context")
  if values == nil then
    return invalid("values are missing")
  elseif type(values) ~= "table" then
    wrong(2, "with_context", "table", values)
  end
  return with_context(self, values)
end

add_identities(methods, self_of, with, "process.security")

function methods.with_name(spawner, name)
  local self = self_of(spawner, "with_name")
  if name == nil then
    return invalid("name is missing")
  elseif type(name) ~= "string" then
    wrong(2, "with_name", "string", name)
  elseif name == "" or find(name, "^[{@]") or not utf8_len(name) then
    return invalid("a name is text that is not empty and does not begin with '{' or '@'")
  elseif #name > MAX_NAME then
    return beyond("max_name", MAX_NAME, "a name may not be longer than " .. MAX_NAME .. " bytes")
  end
  return with(self, "name", name)
end

function methods.with_message(spawner, topic, ...)
  local self = self_of(spawner, "with_message")
  if topic == nil then
    return invalid("topic is missing")
  elseif type(topic) ~= "string" then
    wrong(2, "with_message", "string", topic)
  elseif topic == "" or find(topic, "^@") or not utf8_len(topic) then
    return invalid("a topic is text that is not empty and does not begin with '@'")
  end
  local payload, err = encode_values(...)
  if not payload then
    return nil, err
  elseif #topic + #payload > MAX_MESSAGE then
    local why = "payload: more than " .. MAX_MESSAGE .. " bytes (max_message) cannot leave the process"
    return beyond("max_message", MAX_MESSAGE, why)
  end
  local before = self.messages
  local count = before and before.count + 1 or 1
  return with(self, "messages", { topic = topic, payload = payload, before = before, count = count })
end

-- The topics and payloads of messages, of which each knows the one before.
local function in_order(message)
  local list = {}
  while message do
    list[2 * message.count - 1], list[2 * message.count] = message.topic, message.payload
    message = message.before
  end
  return list
end

-- The options of a spawner, encoded at the first start.
local function options_of(spawner, name)
  local self = self_of(spawner, name)
  if not self.options then
    self.options = native.encode_options {
      context = self.context and flattened(self.context),
      actor = self.actor,
      scope = self.scope,
      name = self.name,
      messages = self.messages and in_order(self.messages),
    }
  end
  return self.options
end

-- Raises where definition or host is no string, as process.spawn does.
local function check(name, definition, host)
  if type(definition) == "function" then
    wrong(-2, name, "string", definition)
  elseif definition ~= nil and type(definition) ~= "string" then
    wrong(2, name, "string", definition)
  elseif definition ~= nil and host ~= nil and type(host) ~= "string" then
    wrong(3, name, "string", host)
  end
end

local function spawning(name, monitored, linked)
  methods[name] = function(spawner, ...)
    local options = options_of(spawner, name)
    check(name, ...)
    return spawn(options, monitored, linked, false, ...)
  end
end

spawning("spawn", false, false)
spawning("spawn_monitored", true, false)
spawning("spawn_linked", false, true)
spawning("spawn_linked_monitored", true, true)

function methods.exec(spawner, ...)
  local options = options_of(spawner, "exec")
  check("exec", ...)
  return exec(options, ...)
end

-- For the modules that come with warren: starts a process, with a spawner or without, and
-- watches it from before it runs. Returns its PID and the channel that yields its outcome; or
-- nil and an error.
function native.spawn_monitored(spawner, monitored, linked, ...)
  return spawn(spawner and options_of(spawner, "spawn") or "", monitored, linked, true, ...)
end

for name, f in next, methods do
  methods[name] = public(f)
end

-- For the libraries that are compiled later, when the program may have replaced what they
-- use.
native.kept = {
  with_values = with_values, flattened = flattened, invalid = invalid, replaced = replaced,
  add_identities = add_identities,
  TIMEOUT = errors.TIMEOUT, CANCELED = errors.CANCELED, INTERNAL = errors.INTERNAL,
  NOT_FOUND = errors.NOT_FOUND, INVALID = errors.INVALID,
  new_error = errors.new, new_channel = channel.new, spawn = coroutine.spawn, sleep = time.sleep,
  json_encode = json.encode, json_decode = json.decode, null = json.null,
  concat = table.concat, sort = table.sort, select = select, tonumber = tonumber, tointeger = math.tointeger,
  type = type, next = next, pcall = pcall, error = error, tostring = tostring,
  find = find, sub = string.sub, byte = string.byte, utf8_len = utf8_len,
  lower = string.lower, setmetatable = setmetatable,
}
