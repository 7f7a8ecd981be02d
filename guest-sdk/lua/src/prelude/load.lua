-- Loading code: text only.

local native = ...

-- Called as a field, and not in the place of its caller, so that errors know
-- its name.
local own = { load = load, loadfile = loadfile }
local error, find, byte, type = error, string.find, string.byte, type
local select, stdin, open = select, io.stdin, io.open
local read, close = stdin.read, stdin.close
local public, bad_argument = native.public, native.bad_argument

local function is_string(value)
  return type(value) == "string" or type(value) == "number"
end

-- Returns nothing for a mode that allows text, and for another the mode to name in messages:
-- that one allows nothing, as no binary chunk is loaded.
local function not_text(mode)
  if type(mode) == "number" then
    mode = mode .. ""
  end
  if mode == nil or find(mode, "t", 1, true) then
    return nil
  end
  return find(mode, "b", 1, true) and "b" or mode
end

-- Returns a function that was loaded, alone; or nil and the error.
local function one(loaded, why)
  if loaded then
    return loaded
  end
  return nil, why
end

-- Refuses a chunk that begins with these bytes, for a mode that allows no text. Without
-- bytes, `why` is what is wrong with the chunk.
local function refused(first, why, mode)
  if not first then
    return nil, why
  elseif byte(first) == 27 then
    return nil, "attempt to load a binary chunk (mode is 't')"
  end
  return nil, "attempt to load a text chunk (mode is '" .. mode .. "')"
end

-- Returns the first bytes of the chunk that a function yields; or nil and its error.
local function first_of(chunk)
  local first
  local _, why = own.load(function()
    first = chunk() or ""
    return first
  end, nil, "-")
  return is_string(first) and first, why
end

-- Returns the first byte of a file behind a first line that is a comment; or nil and the
-- error. Without a name it is the standard input.
local function first_in(name)
  local file = name and open(name) or not name and stdin
  if not file then
    return nil, select(2, own.loadfile(name, "-"))
  end
  local first, why = read(file, 1)
  if first == "#" then
    read(file)
    first, why = read(file, 1)
  end
  if name then
    close(file)
  end
  if why then
    return nil, select(2, own.loadfile(name, "-"))
  end
  return first or ""
end

_G.load = public(function(...)
  local chunk, name, wanted = ...
  if not is_string(chunk) and type(chunk) ~= "function" then
    bad_argument(1, "load", "function", ...)
  elseif wanted ~= nil and not is_string(wanted) then
    bad_argument(3, "load", "string", wanted)
  elseif name ~= nil and not is_string(name) then
    bad_argument(2, "load", "string", name)
  end
  local mode = not_text(wanted)
  if mode then
    local first, why = chunk, nil
    if type(chunk) == "function" then
      first, why = first_of(chunk)
    end
    return refused(first, why, mode)
  end
  -- An environment of nil is not the same as none.
  local loaded, why
  if select("#", ...) > 3 then
    loaded, why = own.load(chunk, name, "t", (select(4, ...)))
  else
    loaded, why = own.load(chunk, name, "t")
  end
  return one(loaded, why)
end)

_G.loadfile = public(function(...)
  local file, wanted = ...
  if file ~= nil and not is_string(file) then
    bad_argument(1, "loadfile", "string", file)
  elseif wanted ~= nil and not is_string(wanted) then
    bad_argument(2, "loadfile", "string", wanted)
  end
  local mode = not_text(wanted)
  if mode then
    local first, why = first_in(file)
    return refused(first, why, mode)
  end
  local loaded, why
  if select("#", ...) > 2 then
    loaded, why = own.loadfile(file, "t", (select(3, ...)))
  else
    loaded, why = own.loadfile(file, "t")
  end
  return one(loaded, why)
end)

_G.dofile = public(function(file)
  if file ~= nil and not is_string(file) then
    bad_argument(1, "dofile", "string", file)
  end
  local chunk, why = own.loadfile(file, "t")
  if not chunk then
    error(why, 0)
  end
  return chunk()
end)

debug.traceback = native.traceback
