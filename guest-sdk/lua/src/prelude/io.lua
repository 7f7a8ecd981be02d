-- io with the standard streams of the program; files are Lua's own, and only
-- granted paths exist.

local native = ...
local object, state = native.object, native.state
local write_out, write_err, flush, read_some = native.write_out, native.write_err, native.flush, native.read
local error, type, select, tonumber, tostring = error, type, select, tonumber, tostring
local sub, find, match, byte = string.sub, string.find, string.match, string.byte
local open, file_type, file_lines = io.open, io.type, io.lines

local class = { __name = "FILE*", __metatable = "FILE*" }
local methods = {}
class.__index = methods

local function self_of(stream, name)
  return state(stream, class)
    or error("bad argument #1 to '" .. name .. "' (FILE* expected, got " .. type(stream) .. ")", 3)
end

local function not_that_way()
  return nil, "Bad file descriptor", 9
end

function class.__tostring(stream)
  return "file (" .. self_of(stream, "tostring").name .. ")"
end

-- Standard input. `rest` is what was read and not handed out.
local input = { name = "stdin", rest = "" }

-- Reads more; false at the end, and where it is refused.
local function fill(self)
  if self.ended then
    return false
  end
  local some, err = read_some()
  if not some then
    self.refused = tostring(err)
    return false
  end
  if some == "" then
    self.ended = true
    return false
  end
  self.rest = self.rest .. some
  return true
end

local function read_line(self, keep)
  local from = 1
  while true do
    local at = find(self.rest, "\n", from, true)
    if at then
      local line = sub(self.rest, 1, keep and at or at - 1)
      self.rest = sub(self.rest, at + 1)
      return line
    end
    from = #self.rest + 1
    if not fill(self) then
      local line = self.rest
      self.rest = ""
      return line ~= "" and line or nil
    end
  end
end

local function read_all(self)
  local pieces = { self.rest }
  self.rest = ""
  while fill(self) do
    pieces[#pieces + 1] = self.rest
    self.rest = ""
  end
  return table.concat(pieces)
end

local function read_count(self, count)
  while #self.rest < math.max(count, 1) and fill(self) do
  end
  if self.rest == "" then
    return nil
  end
  local bytes = sub(self.rest, 1, count)
  self.rest = sub(self.rest, count + 1)
  return bytes
end

-- At most 200 characters that may belong to a numeral, like Lua.
local function read_number(self)
  repeat
    self.rest = match(self.rest, "^%s*(.*)$")
  until self.rest ~= "" or not fill(self)
  while not find(self.rest, "[^%w.+-]") and #self.rest < 200 and fill(self) do
  end
  local numeral = sub(match(self.rest, "^[%w.+-]*"), 1, 200)
  self.rest = sub(self.rest, #numeral + 1)
  return tonumber(numeral)
end

local function read_format(self, format)
  if type(format) == "number" then
    return read_count(self, format)
  end
  local kind = type(format) == "string" and match(format, "^%*?(%a)")
  if kind == "l" then
    return read_line(self, false)
  elseif kind == "L" then
    return read_line(self, true)
  elseif kind == "a" then
    return read_all(self)
  elseif kind == "n" then
    return read_number(self)
  end
  error("bad argument to 'read' (invalid format)", 0)
end

local function read(self, ...)
  if self ~= input then
    return not_that_way()
  end
  local count = select("#", ...)
  local results = {}
  if count == 0 then
    results[1], count = read_line(self, false), 1
  end
  for place = 1, select("#", ...) do
    local value = read_format(self, (select(place, ...)))
    results[place] = value
    if value == nil then
      count = place
      break
    end
  end
  if self.refused then
    local why = self.refused
    self.refused = nil
    return nil, why, 1
  end
  return table.unpack(results, 1, count)
end

-- What an iterator over lines does with a failure.
local function or_raise(first, why, ...)
  if first == nil and why then
    error(why, 2)
  end
  return first, why, ...
end

local stdin = object(class, input)
local stdout = object(class, { name = "stdout", write = write_out })
local stderr = object(class, { name = "stderr", write = write_err })

function methods.write(stream, ...)
  local self = self_of(stream, "write")
  if not self.write then
    return not_that_way()
  end
  self.write(...)
  return stream
end

function methods.read(stream, ...)
  return read(self_of(stream, "read"), ...)
end

function methods.lines(stream, ...)
  local self = self_of(stream, "lines")
  local formats = table.pack(...)
  return function()
    return or_raise(read(self, table.unpack(formats, 1, formats.n)))
  end
end

function methods.flush(stream)
  self_of(stream, "flush")
  flush()
  return true
end

-- Standard streams stay open, and whole lines are passed on anyway.
function methods.close(stream)
  self_of(stream, "close")
  return nil, "the standard streams stay open", 0
end

function methods.setvbuf(stream)
  self_of(stream, "setvbuf")
  return true
end

function methods.seek(stream)
  self_of(stream, "seek")
  return nil, "Illegal seek", 29
end

io.stdin, io.stdout, io.stderr = stdin, stdout, stderr

local current_input, current_output = stdin, stdout

-- Called as a field, so that errors know its name.
local out = { write = write_out }

function io.write(...)
  if current_output == stdout then
    out.write(...)
    return stdout
  end
  return current_output:write(...)
end

function io.flush()
  return current_output:flush()
end

function io.read(...)
  return current_input:read(...)
end

function io.type(value)
  if state(value, class) then
    return "file"
  end
  return file_type(value)
end

-- io.input and io.output: the stream of `mode`, set to a stream or the file of
-- a name, or only returned.
local function redirect(current, value, mode)
  if value == nil then
    return current
  elseif type(value) == "string" then
    local file, why = open(value, mode)
    return file or error(why, 3)
  elseif io.type(value) == "file" then
    return value
  end
  error("bad argument #1 to '" .. (mode == "r" and "input" or "output") .. "' (FILE* expected)", 3)
end

function io.input(value)
  current_input = redirect(current_input, value, "r")
  return current_input
end

function io.output(value)
  current_output = redirect(current_output, value, "w")
  return current_output
end

function io.lines(name, ...)
  if name == nil then
    return current_input:lines(...)
  end
  return file_lines(name, ...)
end

function io.close(file)
  return (file or current_output):close()
end

for _, name in ipairs { "popen", "tmpfile" } do
  io[name] = function()
    error("io." .. name .. " is not available: a process runs in a sandbox", 2)
  end
end
