-- fs: files of volumes, which the manifest or the start of the program names and grants.

local native, fs = ...
local object, state, call = native.object, native.state, native.call
local public, wrong = native.public, native.bad_argument
local new_stream = native.late("streams")
local stream_number = native.stream_number
local kept = native.kept
local type, next, invalid, NOT_FOUND = kept.type, kept.next, kept.invalid, kept.NOT_FOUND
local find, sub = kept.find, kept.sub

fs.type = { FILE = "file", DIR = "directory" }
fs.seek = { SET = "set", CUR = "cur", END = "end" }

-- The most bytes of a file that is written at once, and of a piece of one.
local MAX_WHOLE = 16777216
local PIECE = 1048576
-- Bytes of a read of which nothing is said, and of one that takes what is there.
local READ, STREAM_PIECE = 4096, 32768

local class = { __name = "volume", __metatable = "volume" }
local file_class = { __name = "volume_file", __metatable = "volume_file" }
local methods, files = {}, {}
class.__index, file_class.__index = methods, files

-- The state of a volume, and the path from its root. The runtime refuses a path that is
-- missing or empty.
local function place_of(v, name, path)
  local self = state(v, class) or wrong(1, name, "volume", v)
  if path == nil or path == "" then
    return self, path
  elseif type(path) ~= "string" then
    wrong(2, name, "string", path)
  elseif sub(path, 1, 1) == "/" then
    return self, path
  end
  return self, self.directory .. path
end

-- The value of a call, or false and its error.
local function done(value, err)
  if err then
    return false, err
  end
  return value
end

local function check_mode(name, place, mode)
  if mode ~= nil and type(mode) ~= "string" then
    wrong(place, name, "string", mode)
  end
end

-- A path from the root without empty names and dots; none for the root.
local function plain(path)
  local names, at = "", 1
  while at <= #path do
    local stop = find(path, "/", at, true) or #path + 1
    local name = sub(path, at, stop - 1)
    if name ~= "" and name ~= "." then
      names = names .. "/" .. name
    end
    at = stop + 1
  end
  return names
end

function methods.readfile(v, path)
  local self, at = place_of(v, "readfile", path)
  return call("fs.read_file", self.id, at)
end

-- Writes what `next_piece` returns until it returns nothing, or an error.
local function write_pieces(self, at, mode, next_piece)
  local number, err = call("fs.open", self.id, at, mode)
  if not number then
    return false, err
  end
  local piece
  repeat
    piece, err = next_piece()
    if piece then
      local _, refused = call("stream.write", number, piece)
      err = refused
    end
  until err or not piece
  local _, unclosed = call("stream.close", number)
  return done(true, err or unclosed)
end

function methods.writefile(v, path, data, mode)
  local self, at = place_of(v, "writefile", path)
  local file = state(data, file_class)
  local number = file and file.number or stream_number(data)
  if data ~= nil and not number and type(data) ~= "string" then
    wrong(3, "writefile", "string or stream", data)
  end
  check_mode("writefile", 4, mode)
  mode = mode or "w"
  if number then
    if mode ~= "w" and mode ~= "a" and mode ~= "wx" then
      return done(invalid("mode: expected w, a or wx"))
    end
    return write_pieces(self, at, mode, function()
      return call("stream.read", number, STREAM_PIECE)
    end)
  elseif data and #data > MAX_WHOLE then
    return done(invalid("data is larger than max_whole_file = 16777216"))
  elseif data and #data > PIECE and (mode == "w" or mode == "a" or mode == "wx") then
    local from = 1
    return write_pieces(self, at, mode, function()
      local piece = sub(data, from, from + PIECE - 1)
      from = from + PIECE
      return piece ~= "" and piece or nil
    end)
  end
  return done(call("fs.write_file", self.id, at, data, mode))
end

function methods.exists(v, path)
  local self, at = place_of(v, "exists", path)
  local found, err = call("fs.stat", self.id, at)
  if found or err:kind() == NOT_FOUND then
    return found ~= nil
  end
  return false, err
end

function methods.isdir(v, path)
  local self, at = place_of(v, "isdir", path)
  local found, err = call("fs.stat", self.id, at)
  if found or err:kind() == NOT_FOUND then
    return found ~= nil and found.is_dir
  end
  return false, err
end

function methods.stat(v, path)
  local self, at = place_of(v, "stat", path)
  return call("fs.stat", self.id, at)
end

function methods.mkdir(v, path)
  local self, at = place_of(v, "mkdir", path)
  return done(call("fs.make_directory", self.id, at))
end

function methods.remove(v, path)
  local self, at = place_of(v, "remove", path)
  return done(call("fs.remove", self.id, at))
end

function methods.chdir(v, path)
  local self, at = place_of(v, "chdir", path)
  local found, err = call("fs.stat", self.id, at)
  if not found then
    return false, err
  elseif not found.is_dir then
    return done(invalid("path: the file is no directory"))
  end
  self.directory = plain(at) .. "/"
  return true
end

function methods.pwd(v)
  local self = state(v, class) or wrong(1, "pwd", "volume", v)
  local directory = self.directory
  return directory == "/" and directory or sub(directory, 1, -2)
end

function methods.readdir(v, path)
  local self, at = place_of(v, "readdir", path)
  local entries, err = call("fs.list", self.id, at)
  if not entries then
    return nil, err
  end
  local place = -1
  return public(function()
    place = place + 2
    local name = entries[place]
    if name then
      return { name = name, type = entries[place + 1] }
    end
  end)
end

function methods.open(v, path, mode)
  local self, at = place_of(v, "open", path)
  check_mode("open", 3, mode)
  local number, err = call("fs.open", self.id, at, mode)
  if not number then
    return nil, err
  end
  -- The file keeps its stream from being collected, and is closed with it.
  return object(file_class, { number = number, stream = new_stream(number) })
end

local function file_of(f, name)
  return state(f, file_class) or wrong(1, name, "volume_file", f)
end

-- The value of a call, or nil and its error.
local function one(value, err)
  if err then
    return nil, err
  end
  return value
end

function files.read(f, n)
  local self = file_of(f, "read")
  if n ~= nil and type(n) ~= "number" then
    wrong(2, "read", "number", n)
  elseif n == 0 then
    n = STREAM_PIECE
  end
  local bytes, err = call("stream.read", self.number, n or READ)
  return bytes, err
end

function files.write(f, bytes)
  local self = file_of(f, "write")
  if bytes ~= nil and type(bytes) ~= "string" then
    wrong(2, "write", "string", bytes)
  end
  return one(call("stream.write", self.number, bytes))
end

function files.seek(f, whence, offset)
  local self = file_of(f, "seek")
  if whence ~= nil and type(whence) ~= "string" then
    wrong(2, "seek", "string", whence)
  elseif offset ~= nil and type(offset) ~= "number" then
    wrong(3, "seek", "number", offset)
  end
  return one(call("stream.seek", self.number, whence, offset))
end

function files.stat(f)
  return one(call("stream.stat", file_of(f, "stat").number))
end

function files.sync(f)
  return one(call("fs.sync", file_of(f, "sync").number))
end

function files.flush(f)
  return file_of(f, "flush").stream:flush()
end

function files.close(f)
  return file_of(f, "close").stream:close()
end

function files.stream(f)
  return file_of(f, "stream").stream
end

function files.lines(f)
  return file_of(f, "lines").stream:lines()
end

function files.scanner(f, split)
  local self = file_of(f, "scanner")
  if split ~= nil and type(split) ~= "string" then
    wrong(2, "scanner", "string", split)
  end
  return self.stream:scanner(split)
end

methods.read_file, methods.write_file = methods.readfile, methods.writefile
for name, f in next, methods do
  methods[name] = public(f)
end

-- Calls whose discarded errors are told.
local TOLD = { write = true, sync = true, close = true }
for name, f in next, files do
  files[name] = public(f, TOLD[name] and "file:" .. name)
end

file_class.__close = files.close

class.__tostring = public(function(v)
  return (state(v, class) or wrong(1, "tostring", "volume", v)) and "fs.Volume{}"
end)

file_class.__tostring = public(function(f)
  return file_of(f, "tostring") and "fs.File{}"
end)

fs.get = public(function(id)
  if id ~= nil and type(id) ~= "string" then
    wrong(1, "get", "string", id)
  end
  local full, err = call("fs.get", id)
  if not full then
    return nil, err
  end
  return object(class, { id = full, directory = "/" })
end)
