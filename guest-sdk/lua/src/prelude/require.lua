-- require: the libraries, what the program has put into package.preload, and
-- the program's own modules.

local native = ...
local loaded, load_module = native.loaded, native.module
local error, type = error, type

local preload = {}

package = { loaded = loaded, preload = preload, config = "/\n;\n?\n!\n-\n", path = "?.lua", cpath = "" }
loaded.package = package

function package.loadlib()
  return nil, "dynamic libraries cannot be loaded", "absent"
end

-- Returns the loader of a module and what it is called with; or nothing, and
-- what was tried.
local function search(name)
  local loader = preload[name]
  if loader ~= nil then
    return loader, ":preload:"
  end
  local chunk, where = load_module(name)
  if chunk then
    return chunk, where
  end
  if where then
    error("error loading module '" .. name .. "':\n\t" .. where, 3)
  end
  local file = name:gsub("%.", "/")
  return nil, "\n\tno field package.preload['" .. name .. "']\n\tno file '" .. file .. ".lua' in the program"
end

function require(name)
  if type(name) ~= "string" then
    error("bad argument #1 to 'require' (string expected, got " .. type(name) .. ")", 2)
  end
  local value = loaded[name]
  if value ~= nil then
    return value
  end
  local loader, where = search(name)
  if not loader then
    error("module '" .. name .. "' not found:" .. where, 2)
  end
  value = loader(name, where)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
  return loaded[name], where
end
