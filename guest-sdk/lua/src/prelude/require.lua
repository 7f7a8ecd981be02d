-- require: the libraries, what the program has put into package.preload, and
-- the program's own modules.

local native = ...
local loaded, load_module, is_blocked = native.loaded, native.module, native.is_blocked
local error, type, setmetatable = error, type, setmetatable
local running, status, concat = coroutine.running, coroutine.status, table.concat
local gsub, bad_argument = string.gsub, native.bad_argument
local new_channel = channel.new
local receive = new_channel().receive

local preload = {}

package = { loaded = loaded, preload = preload, config = "/\n;\n?\n!\n-\n", path = "?.lua", cpath = "" }
loaded.package = package

package.loadlib = native.public(function()
  return nil, "dynamic libraries cannot be loaded", "absent"
end)

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
    error("error loading module '" .. name .. "':\n\t" .. where, 4)
  end
  local file = gsub(name, "%.", "/")
  return nil, "\n\tno field package.preload['" .. name .. "']\n\tno file '" .. file .. ".lua' in the program"
end

-- What is being loaded, by name: the coroutine that loads it, and a channel that
-- is closed at the end of it.
local loading = {}
-- By coroutine: the names that it loads, outermost first, and the one that
-- another coroutine loads for it.
local inside, waits_for = {}, {}

-- Forget a loading or a wait, however it has ended.
local end_of_loading = { __close = function(load)
  if loading[load.name] == load then
    loading[load.name] = nil
  end
  local names = inside[load.by]
  names[#names] = nil
  if not names[1] then
    inside[load.by] = nil
  end
  load.done:close()
end }
local end_of_wait = { __close = function(wait)
  waits_for[wait.by] = nil
end }

-- Whether the loading of `name` waits, in the end, for the coroutine `by`.
local function waits_for_us(name, by)
  local load = loading[name]
  while load do
    -- One that is neither blocked nor suspended has resumed this coroutine.
    if load.by == by or not is_blocked(load.by) and status(load.by) == "normal" then
      return true
    end
    load = waits_for[load.by] and loading[waits_for[load.by]]
  end
  return false
end

local function cycle(name, by)
  local way = { name }
  local names = inside[by] or {}
  local first = #names
  while first > 0 and names[first] ~= name do
    first = first - 1
  end
  for place = first + 1, #names do
    way[#way + 1] = names[place]
  end
  way[#way + 1] = name
  return "module '" .. name .. "' requires itself: " .. concat(way, " -> ")
end

require = native.public(function(...)
  local name = ...
  if type(name) ~= "string" and type(name) ~= "number" then
    bad_argument(1, "require", "string", ...)
  end
  name = name .. ""
  if loaded[name] then
    return loaded[name]
  end
  local by = running()
  -- A coroutine that has yielded meanwhile may never go on: the module is loaded
  -- without it.
  while loading[name] and status(loading[name].by) ~= "suspended" do
    if waits_for_us(name, by) then
      error(cycle(name, by), 3)
    end
    local wait <close> = setmetatable({ by = by }, end_of_wait)
    waits_for[by] = name
    receive(loading[name].done)
    if loaded[name] then
      return loaded[name]
    end
  end
  local loader, where = search(name)
  if not loader then
    error("module '" .. name .. "' not found:" .. where, 3)
  end
  local names = inside[by] or {}
  inside[by] = names
  names[#names + 1] = name
  local load <close> = setmetatable({ name = name, by = by, done = new_channel() }, end_of_loading)
  loading[name] = load
  local value = loader(name, where)
  if value ~= nil then
    loaded[name] = value
  elseif loaded[name] == nil then
    loaded[name] = true
  end
  return loaded[name], where
end)
