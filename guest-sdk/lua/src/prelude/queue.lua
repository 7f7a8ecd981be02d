-- queue: messages for consumers, in queues that the manifest declares and grants.

local native, queue = ...
local object, state, call = native.object, native.state, native.call
local public, wrong, nanoseconds = native.public, native.bad_argument, native.nanoseconds
local kept = native.kept
local type, next, invalid, null = kept.type, kept.next, kept.invalid, kept.null

local class = { __name = "queue_message", __metatable = "queue_message" }
local methods = {}
class.__index = methods

-- The headers without `delay`, and the delay in nanoseconds; or nothing and an error.
local function parted(headers)
  if type(headers) ~= "table" then
    return headers
  end
  local delay
  local others = {}
  for name, value in next, headers do
    if name == "delay" then
      delay = value
    else
      others[name] = value
    end
  end
  if delay == nil then
    return others
  end
  local span, err = nanoseconds(delay, "headers.delay")
  if not span then
    return nil, nil, err
  end
  return others, span
end

queue.publish = public(function(id, value, headers)
  if headers == null then
    return invalid("headers is null, and not a table")
  end
  local others, delay, err = parted(headers)
  if err then
    return nil, err
  end
  return call("queue.publish", id, value, others, delay)
end, "queue.publish")

queue.info = public(function(id)
  return call("queue.info", id)
end)

queue.message = public(function()
  local message, err = call("queue.message")
  if not message then
    return nil, err
  end
  return object(class, message)
end)

local function self_of(m, name)
  return state(m, class) or wrong(1, name, "queue_message", m)
end

function methods.id(m)
  return self_of(m, "id").id
end

function methods.attempt(m)
  return self_of(m, "attempt").attempt
end

function methods.header(m, name)
  local self = self_of(m, "header")
  if type(name) ~= "string" then
    return invalid("name: expected text")
  end
  return self.headers[name]
end

function methods.headers(m)
  local copy = {}
  for name, value in next, self_of(m, "headers").headers do
    copy[name] = value
  end
  return copy
end

function methods.ack(m)
  self_of(m, "ack")
  return call("queue.ack")
end

function methods.nack(m)
  self_of(m, "nack")
  return call("queue.nack")
end

-- Calls whose discarded errors are told.
local TOLD = { ack = true, nack = true }
for name, f in next, methods do
  methods[name] = public(f, TOLD[name] and "m:" .. name)
end
