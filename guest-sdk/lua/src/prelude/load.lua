-- Loading code: text only.

local native = ...

-- Called as a field, and not in the place of its caller, so that errors know
-- its name.
local own = { load = load, loadfile = loadfile }
local error, find, gsub, type = error, string.find, string.gsub, type
local select = select
local public, bad_argument = native.public, native.bad_argument

-- The mode to load with, and the one to name in messages: never binary, and a
-- mode that allows no text allows nothing.
local function text_only(mode)
  if type(mode) == "number" then
    mode = mode .. ""
  end
  if mode == nil or find(mode, "t", 1, true) then
    return "t", "t"
  end
  return "-", find(mode, "b", 1, true) and "b" or mode
end

-- Lua's message about a chunk of the wrong kind, with the mode that was given.
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

local function is_string(value)
  return type(value) == "string" or type(value) == "number"
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
  local mode, shown = text_only(wanted)
  -- An environment of nil is not the same as none.
  local loaded, why
  if select("#", ...) > 3 then
    loaded, why = own.load(chunk, name, mode, (select(4, ...)))
  else
    loaded, why = own.load(chunk, name, mode)
  end
  return named(loaded, why, shown)
end)

_G.loadfile = public(function(...)
  local file, wanted = ...
  if file ~= nil and not is_string(file) then
    bad_argument(1, "loadfile", "string", file)
  elseif wanted ~= nil and not is_string(wanted) then
    bad_argument(2, "loadfile", "string", wanted)
  end
  local mode, shown = text_only(wanted)
  local loaded, why
  if select("#", ...) > 2 then
    loaded, why = own.loadfile(file, mode, (select(3, ...)))
  else
    loaded, why = own.loadfile(file, mode)
  end
  return named(loaded, why, shown)
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
