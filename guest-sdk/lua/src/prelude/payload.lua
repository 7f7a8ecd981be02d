-- payload: values that know their format.

local native, payload = ...
local payload_of, parts, encode, decode = native.payload_of, native.payload_parts, native.encode, native.decode
local public, wrong, call = native.public, native.bad_argument, native.call
local kept = native.kept
local type, tostring, utf8_len, new_error = kept.type, kept.tostring, kept.utf8_len, kept.new_error
local next = kept.next
local json_encode, json_decode = kept.json_encode, kept.json_decode
local INTERNAL, invalid = kept.INTERNAL, kept.invalid

local LUA, JSON, YAML, STRING = "lua/any", "json/plain", "yaml/plain", "text/plain"
local BYTES, MSGPACK, GOLANG = "application/octet-stream", "application/msgpack", "golang/any"
local ERROR = "golang/error"

payload.format = {
  LUA = LUA, JSON = JSON, YAML = YAML, STRING = STRING, BYTES = BYTES, MSGPACK = MSGPACK,
  GOLANG = GOLANG, ERROR = ERROR,
}

local function is_error(value)
  local _, format = parts(payload_of(value))
  return format == ERROR
end

local function failed(why)
  return nil, new_error { kind = INTERNAL, message = why, retryable = false }
end

-- A copy of a value that crosses; or nil and an error.
local function copy(value, name)
  local kind = type(value)
  if kind == "table" or kind == "userdata" or kind == "function" or kind == "thread" then
    local bytes, err = encode(value, name)
    if not bytes then
      return nil, err
    end
    return decode(bytes)
  end
  return value
end

payload.new = public(function(value)
  local own, err = copy(value, "value")
  if own == nil and err ~= nil then
    return nil, err
  end
  return payload_of(own)
end)

-- Each yields the Lua value that a payload of the format stands for; or nil and an error.
local from = {
  [JSON] = json_decode,
  [YAML] = function(text)
    return call("yaml.decode", text)
  end,
  [MSGPACK] = decode,
}

-- Each yields what a payload of the format holds for a Lua value, and for a payload of
-- another format where that matters; or nil and an error.
local function to_text(value, format, own)
  local kind = type(value)
  if format == JSON or format == YAML then
    return own
  elseif kind == "string" then
    return value
  elseif kind == "number" or kind == "boolean" or is_error(value) then
    return tostring(value)
  end
  return failed("a " .. (kind == "userdata" and "value without a text" or kind) .. " has no form as text")
end

local to = {
  [LUA] = function(value)
    return copy(value, "value")
  end,
  [JSON] = function(value)
    return json_encode(value)
  end,
  [YAML] = function(value)
    return call("yaml.encode", value)
  end,
  [STRING] = function(value, format, own)
    local text, err = to_text(value, format, own)
    if text and not utf8_len(text) then
      return failed("the bytes are not UTF-8 text")
    end
    return text, err
  end,
  [BYTES] = function(value, format, own)
    if format == MSGPACK then
      return own
    end
    return to_text(value, format, own)
  end,
  [MSGPACK] = function(value)
    return encode(value, "value")
  end,
  [ERROR] = function(value)
    if is_error(value) then
      return value
    elseif type(value) == "string" then
      return new_error(value)
    end
    return failed("a " .. type(value) .. " is no error")
  end,
}
to[GOLANG] = to[LUA]

local methods = {}

local function self_of(p, name)
  local value, format = parts(p)
  if not format then
    wrong(1, name, "payload", p)
  end
  return value, format
end

-- A failure, as one of kind INTERNAL.
local function internal(err)
  if is_error(err) and err:kind() == INTERNAL then
    return err
  end
  return new_error { kind = INTERNAL, message = tostring(err), retryable = false }
end

local function value_of(own, format)
  local read = from[format]
  if not read then
    return copy(own, "value")
  end
  local value, err = read(own)
  if err ~= nil then
    return nil, internal(err)
  end
  return value
end

function methods.data(p)
  local value = self_of(p, "data")
  return copy(value, "value")
end

function methods.unmarshal(p)
  return value_of(self_of(p, "unmarshal"))
end

function methods.get_format(p)
  local _, format = self_of(p, "get_format")
  return format
end

function methods.transcode(p, format)
  local own, now = self_of(p, "transcode")
  if format == nil then
    return invalid("format is missing")
  elseif type(format) ~= "string" then
    wrong(2, "transcode", "string", format)
  end
  local write = to[format]
  if not write then
    return failed("unknown format '" .. format .. "'")
  elseif format == now then
    return p
  end
  local value, err = value_of(own, now)
  if err ~= nil then
    return nil, err
  end
  local result, refused = write(value, now, own)
  if refused ~= nil then
    return nil, internal(refused)
  end
  return payload_of(result, format)
end

for name, f in next, methods do
  methods[name] = public(f)
end
native.payload_methods = methods
