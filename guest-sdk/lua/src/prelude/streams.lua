-- Streams: bytes that a process reads and writes piece by piece. The part is the function that
-- makes the object of a stream's number.

local native = ...
local object, state, call = native.object, native.state, native.call
local public, wrong = native.public, native.bad_argument
local kept = native.kept
local type, next, error, invalid = kept.type, kept.next, kept.error, kept.invalid
local find, sub, byte, utf8_len = kept.find, kept.sub, kept.byte, kept.utf8_len
local tostring = kept.tostring

-- Bytes of a read that takes what is there.
local PIECE = 32768
-- The most bytes of a token.
local MAX_TOKEN = 65536

local class = { __name = "stream", __metatable = "stream" }
local scanner_class = { __name = "scanner", __metatable = "scanner" }
local methods, scanners = {}, {}
class.__index, scanner_class.__index = methods, scanners

local function self_of(s, name)
  return state(s, class) or wrong(1, name, "stream", s)
end

-- The number of a stream; nil for any other value.
function native.stream_number(s)
  local self = state(s, class)
  return self and self.number
end

-- The value of a call, or nil and its error.
local function one(value, err)
  if err then
    return nil, err
  end
  return value
end

function methods.read(s, n)
  local self = self_of(s, "read")
  if n ~= nil and type(n) ~= "number" then
    wrong(2, "read", "number", n)
  elseif n == nil or n == 0 then
    n = PIECE
  end
  local bytes, err = call("stream.read", self.number, n)
  return bytes, err
end

function methods.write(s, bytes)
  local self = self_of(s, "write")
  if bytes ~= nil and type(bytes) ~= "string" then
    wrong(2, "write", "string", bytes)
  end
  return one(call("stream.write", self.number, bytes))
end

function methods.flush(s)
  return one(call("stream.flush", self_of(s, "flush").number))
end

function methods.seek(s, whence, offset)
  local self = self_of(s, "seek")
  if whence ~= nil and type(whence) ~= "string" then
    wrong(2, "seek", "string", whence)
  elseif offset ~= nil and type(offset) ~= "number" then
    wrong(3, "seek", "number", offset)
  end
  return one(call("stream.seek", self.number, whence, offset))
end

function methods.stat(s)
  return one(call("stream.stat", self_of(s, "stat").number))
end

function methods.close(s)
  local self = self_of(s, "close")
  self.closed = true
  return one(call("stream.close", self.number))
end

-- Each finds the next token of a text from a place on, where `ended` tells that no more text
-- comes. They return the token, or nil if more text is needed, and the place behind it.
local splits = {}

function splits.lines(text, at, ended)
  local stop = find(text, "\n", at, true)
  if not stop then
    if not ended or at > #text then
      return nil, at
    end
    stop = #text + 1
  end
  local last = stop - 1
  if last >= at and byte(text, last) == 13 then
    last = last - 1
  end
  return sub(text, at, last), stop + 1
end

function splits.words(text, at, ended)
  local first = find(text, "%S", at)
  if not first then
    return nil, #text + 1
  end
  local stop = find(text, "%s", first)
  if not stop then
    if not ended then
      return nil, first
    end
    stop = #text + 1
  end
  return sub(text, first, stop - 1), stop
end

function splits.bytes(text, at)
  if at > #text then
    return nil, at
  end
  return sub(text, at, at), at + 1
end

function splits.runes(text, at, ended)
  local lead = byte(text, at)
  if not lead then
    return nil, at
  end
  local length = lead < 0xC2 and 1 or lead < 0xE0 and 2 or lead < 0xF0 and 3 or 4
  if at + length - 1 > #text and not ended then
    return nil, at
  end
  local rune = sub(text, at, at + length - 1)
  if utf8_len(rune) == 1 then
    return rune, at + length
  end
  return "\u{FFFD}", at + 1
end

local function scanning(s, number, split)
  -- The scanner keeps its stream from being collected.
  return { stream = s, number = number, split = split, text = "", at = 1, token = "" }
end

local function fail(self, err)
  self.done, self.token, self.failure = true, "", err
  return false
end

local function too_long(self)
  local _, err = invalid("a token is longer than 65536 bytes")
  return fail(self, err)
end

-- Goes to the next token; false at the end and at a failure.
local function scan(self)
  while not self.done do
    local token, at = self.split(self.text, self.at, self.ended)
    self.at = at
    if token then
      if #token > MAX_TOKEN then
        return too_long(self)
      end
      self.token = token
      return true
    elseif self.ended then
      self.done, self.token = true, ""
    elseif #self.text - at + 1 > MAX_TOKEN then
      return too_long(self)
    else
      local piece, err = call("stream.read", self.number, PIECE)
      if err then
        return fail(self, err)
      elseif piece then
        self.text, self.at = sub(self.text, at) .. piece, 1
      else
        self.ended = true
      end
    end
  end
  return false
end

function methods.lines(s)
  local self = scanning(s, self_of(s, "lines").number, splits.lines)
  return public(function()
    if scan(self) then
      return self.token
    elseif self.failure then
      error(self.failure, 0)
    end
  end)
end

function methods.scanner(s, split)
  local self = self_of(s, "scanner")
  if split ~= nil and type(split) ~= "string" then
    wrong(2, "scanner", "string", split)
  end
  local found = splits[split or "lines"]
  if not found then
    return invalid("split: expected lines, words, bytes or runes")
  end
  return object(scanner_class, scanning(s, self.number, found))
end

function scanners.scan(c)
  return scan(state(c, scanner_class) or wrong(1, "scan", "scanner", c))
end

function scanners.text(c)
  local self = state(c, scanner_class) or wrong(1, "text", "scanner", c)
  return self.token
end

function scanners.err(c)
  local self = state(c, scanner_class) or wrong(1, "err", "scanner", c)
  return self.failure and tostring(self.failure)
end

-- Calls whose discarded errors are told.
local TOLD = { write = true, flush = true, close = true }
for name, f in next, methods do
  methods[name] = public(f, TOLD[name] and "stream:" .. name)
end
for name, f in next, scanners do
  scanners[name] = public(f)
end

class.__close = methods.close

class.__tostring = public(function(s)
  return self_of(s, "tostring").closed and "stream.Stream{closed}" or "stream.Stream{}"
end)

-- A finalizer does not wait, as the end of a file would.
function class.__gc(s)
  local self = state(s, class)
  if self and not self.closed then
    call("stream.drop", self.number)
  end
end

return function(number)
  return object(class, { number = number })
end
