-- Loading code: text only.

local native = ...

-- Called as a field, and not in the place of its caller, so that errors know
-- its name.
local own = { load = load }
local loadfile = loadfile
local error, find = error, string.find
local select = select

local NOT_TEXT = "attempt to load a binary chunk (only text can be loaded)"

local function is_text(mode)
  return mode == nil or find(mode, "t", 1, true) ~= nil
end

function _G.load(chunk, name, mode, ...)
  if not is_text(mode) then
    return nil, NOT_TEXT
  end
  -- An environment of nil is not the same as none.
  local loaded, why
  if select("#", ...) > 0 then
    loaded, why = own.load(chunk, name, "t", (...))
  else
    loaded, why = own.load(chunk, name, "t")
  end
  return loaded, why
end

function _G.loadfile(file, mode, ...)
  if not is_text(mode) then
    return nil, NOT_TEXT
  end
  if select("#", ...) > 0 then
    return loadfile(file, "t", (...))
  end
  return loadfile(file, "t")
end

function _G.dofile(file)
  local chunk, why = loadfile(file, "t")
  if not chunk then
    error(why, 0)
  end
  return chunk()
end

-- Reading, not changing, what runs.
local debug = debug
local getinfo = debug.getinfo
for name in pairs(debug) do
  debug[name] = nil
end
debug.traceback, debug.getinfo = native.traceback, getinfo
