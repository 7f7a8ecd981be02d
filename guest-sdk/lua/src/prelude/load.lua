-- Loading code: text only.

local native = ...

-- Called as a field, and not in the place of its caller, so that errors know
-- its name.
local own = { load = load, loadfile = loadfile }
local error, find, gsub, type = error, string.find, string.gsub, type
local select = select

-- The mode to load with, and the one to name in messages: never binary, and a
-- mode that allows no text allows nothing.
local function text_only(mode)
  if type(mode) == "number" then
    mode = mode .. ""
  end
  if mode == nil or type(mode) == "string" and find(mode, "t", 1, true) then
    return "t", "t"
  elseif type(mode) == "string" then
    return "-", find(mode, "b", 1, true) and "b" or mode
  end
  -- Lua's own function says what is wrong with it.
  return mode
end

-- What Lua says about a chunk of the wrong kind, with the mode that was given.
local function named(loaded, why, mode)
  if loaded then
    return loaded
  elseif mode and find(why, "attempt to load a text chunk", 1, true) then
    why = gsub(why, "%(mode is '%-'%)", { ["(mode is '-')"] = "(mode is '" .. mode .. "')" })
  elseif find(why, "attempt to load a binary chunk", 1, true) then
    why = gsub(why, "%(mode is '%-'%)", "(mode is 't')")
  end
  return nil, why
end

-- Raises as Lua's own function does, at the place of its caller.
local function check(place, value, expected, given)
  error("bad argument #" .. place .. " to 'load' (" .. expected .. " expected, got " .. (given or type(value)) .. ")", 3)
end

local function is_string(value)
  return type(value) == "string" or type(value) == "number"
end

function _G.load(...)
  local chunk, name, wanted = ...
  if not is_string(chunk) and type(chunk) ~= "function" then
    check(1, chunk, "function", select("#", ...) == 0 and "no value" or nil)
  elseif wanted ~= nil and not is_string(wanted) then
    check(3, wanted, "string")
  elseif name ~= nil and not is_string(name) then
    check(2, name, "string")
  end
  local mode, shown = text_only(wanted)
  -- An environment of nil is not the same as none.
  local loaded, why
  if select("#", ...) > 3 then
    loaded, why = own.load(chunk, name, mode, (select(4, ...)))
  else
    loaded, why = own.load(chunk, name, mode)
  end
  return named(loaded, why, shown)
end

function _G.loadfile(...)
  local file, wanted = ...
  local mode, shown = text_only(wanted)
  local loaded, why
  if select("#", ...) > 2 then
    loaded, why = own.loadfile(file, mode, (select(3, ...)))
  else
    loaded, why = own.loadfile(file, mode)
  end
  return named(loaded, why, shown)
end

function _G.dofile(file)
  local chunk, why = own.loadfile(file, "t")
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
