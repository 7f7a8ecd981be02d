-- websocket: connections of messages to servers, by the grants of http.

local native, websocket = ...
local object, state, call = native.object, native.state, native.call
local public, wrong, nanoseconds = native.public, native.bad_argument, native.nanoseconds
local kept = native.kept
local type, next, pcall, invalid = kept.type, kept.next, kept.pcall, kept.invalid
local new_channel, spawn = kept.new_channel, kept.spawn

websocket.TEXT, websocket.BINARY = 1, 2
websocket.TYPE_TEXT, websocket.TYPE_BINARY, websocket.TYPE_PING = "text", "binary", "ping"
websocket.TYPE_PONG, websocket.TYPE_CLOSE = "pong", "close"
websocket.COMPRESSION = { DISABLED = 0, CONTEXT_TAKEOVER = 1, NO_CONTEXT = 2 }
websocket.CLOSE_CODES = {
  NORMAL = 1000, GOING_AWAY = 1001, PROTOCOL_ERROR = 1002, UNSUPPORTED_DATA = 1003,
  NO_STATUS = 1005, ABNORMAL_CLOSURE = 1006, INVALID_PAYLOAD = 1007, POLICY_VIOLATION = 1008,
  MESSAGE_TOO_BIG = 1009, MANDATORY_EXTENSION = 1010, INTERNAL_ERROR = 1011,
  SERVICE_RESTART = 1012, TRY_AGAIN_LATER = 1013, BAD_GATEWAY = 1014, TLS_HANDSHAKE = 1015,
}

-- Messages that wait in a channel, if the program does not say.
local CAPACITY = 16
local MAX_CAPACITY = 1000

local class = { __name = "websocket", __metatable = "websocket" }
local methods = {}
class.__index = methods

local function self_of(c, name)
  return state(c, class) or wrong(1, name, "websocket", c)
end

local TIMES = { "dial_timeout", "read_timeout", "write_timeout" }

-- The options as the runtime takes them, and the capacity of the channel; or nil and an error.
local function read(options)
  local given, capacity = {}, CAPACITY
  for name, value in next, options do
    given[name] = value
  end
  for i = 1, #TIMES do
    local name = TIMES[i]
    if given[name] ~= nil then
      local span, err = nanoseconds(given[name], name)
      if not span then
        return nil, err
      end
      given[name] = span
    end
  end
  if given.channel_capacity ~= nil then
    capacity = given.channel_capacity
    if type(capacity) ~= "number" or capacity % 1 ~= 0 or capacity < 0 or capacity > MAX_CAPACITY then
      return invalid("options.channel_capacity: expected 0 to 1000")
    end
    given.channel_capacity = nil
  end
  return given, capacity // 1 | 0
end

websocket.connect = public(function(url, options)
  if url == nil then
    return invalid("url is missing")
  elseif type(url) ~= "string" then
    wrong(1, "connect", "string", url)
  elseif options ~= nil and type(options) ~= "table" then
    wrong(2, "connect", "table", options)
  end
  local given, capacity = read(options or {})
  if not given then
    return nil, capacity
  end
  local number, err = call("websocket.connect", url, given)
  if not number then
    return nil, err
  end
  return object(class, { number = number, capacity = capacity })
end)

function methods.send(c, data, kind)
  local self = self_of(c, "send")
  if data ~= nil and type(data) ~= "string" then
    wrong(2, "send", "string", data)
  elseif kind ~= nil and type(kind) ~= "number" then
    wrong(3, "send", "number", kind)
  end
  return call("websocket.send", self.number, data, kind)
end

function methods.ping(c)
  return call("websocket.ping", self_of(c, "ping").number)
end

function methods.close(c, code, reason)
  local self = self_of(c, "close")
  if code ~= nil and type(code) ~= "number" then
    wrong(2, "close", "number", code)
  elseif reason ~= nil and type(reason) ~= "string" then
    wrong(3, "close", "string", reason)
  end
  self.closed = true
  return call("websocket.close", self.number, code, reason)
end

function methods.channel(c)
  local self = self_of(c, "channel")
  if not self.channel then
    local number, ch = self.number, new_channel(self.capacity)
    self.channel = ch
    spawn(function()
      while true do
        local message = call("websocket.receive", number)
        -- A program may close the channel by itself.
        if not message or not pcall(ch.send, ch, message) then
          break
        end
      end
      ch:close()
    end)
  end
  return self.channel
end

methods.receive = methods.channel

-- Calls whose discarded errors are told.
local TOLD = { send = true }
for name, f in next, methods do
  methods[name] = public(f, TOLD[name] and "websocket:" .. name)
end

class.__close = public(function(c)
  local self = self_of(c, "close")
  self.closed = true
  call("websocket.close", self.number)
end)

class.__tostring = public(function(c)
  return self_of(c, "tostring").closed and "websocket.Client{closed}" or "websocket.Client{}"
end)

-- A finalizer does not wait for the server.
function class.__gc(c)
  local self = state(c, class)
  if self and not self.closed then
    call("websocket.drop", self.number)
  end
end
