-- The libraries of a definition that names them in the manifest, `modules`. Returns the
-- function that leaves a process these, those of Lua itself, and those that every process
-- needs.

local native = ...
local loaded, preload, bundled = native.loaded, native.preload, native.bundled
local public = native.public
local globals, next, rawget, rawset, setmetatable, gmatch = _G, next, rawget, rawset, setmetatable, string.gmatch

-- Libraries that every process has.
local COMMON <const> = {
  _G = true, string = true, table = true, math = true, utf8 = true, coroutine = true, io = true, os = true,
  debug = true, package = true, process = true, channel = true, errors = true,
}

-- Given the names in lines.
return function(list)
  local wanted, hidden = {}, {}
  for name in gmatch(list, "[^\n]+") do
    wanted[name] = true
  end
  local function is_hidden(name)
    return not wanted[name] and not COMMON[name]
  end
  for name, library in next, loaded do
    if is_hidden(name) then
      hidden[name] = library
      loaded[name] = nil
      if rawget(globals, name) == library then
        rawset(globals, name, nil)
      end
    end
  end
  for name in next, preload do
    if is_hidden(name) then
      hidden[name] = true
      preload[name] = nil
    end
  end
  -- The modules that come with warren have all libraries, whatever the program has.
  local environment = setmetatable({}, {
    __index = function(_, name)
      local value = globals[name]
      if value == nil then
        value = hidden[name]
      end
      return value
    end,
    __newindex = globals,
  })
  local searchers = package.searchers
  searchers[#searchers] = public(function(name)
    local full, chunk = bundled(name, environment)
    if full and not chunk and not is_hidden(name) then
      return function()
        return (require(full))
      end, full
    elseif full and chunk then
      return chunk, full
    elseif full or hidden[name] ~= nil then
      return "the library '" .. name .. "' is not among the modules of this definition in the manifest"
    end
  end)
end
