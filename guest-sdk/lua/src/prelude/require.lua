-- require: the libraries, what the program has put into package.preload, the
-- program's own modules, and those that come with warren.

local native = ...
local loaded, preload, load_module = native.loaded, native.preload, native.module
local bundled, required = native.bundled, native.required
local is_blocked, public, bad_argument = native.is_blocked, native.public, native.bad_argument
local error, type, setmetatable, rawget = error, type, setmetatable, rawget
local running, status, concat = coroutine.running, coroutine.status, table.concat
local gsub, find, gmatch, sub, select = string.gsub, string.find, string.gmatch, string.sub, select
local new_channel = channel.new
local receive = new_channel().receive

package = {
  loaded = loaded, preload = preload, config = "/\n;\n?\n!\n-\n", path = "?.lua;?/init.lua", cpath = "",
}
loaded.package = package
local package = package

package.loadlib = public(function()
  return nil, "dynamic libraries cannot be loaded", "absent"
end)

-- Returns the function of a file of the program, by its path below the root; nil and
-- the reason where it does not compile; nothing where there is no such file.
local function chunk_of(path)
  local short = gsub(path, "/%./", "/")
  while find(short, "^%./") do
    short = gsub(short, "^%./", "")
  end
  -- A module that the program's host has given has a name and no file.
  local stem, is_name = gsub(short, "%.lua$", "")
  if is_name == 1 and not find(stem, ".", 1, true) then
    return load_module((gsub(stem, "/", ".")))
  end
  return load_module("./" .. short)
end

-- Returns the first path of the templates that the program has a file at, with what
-- `chunk_of` returns for it; or nil and all that were tried.
local function search(name, path, separator, replacement)
  if separator ~= "" then
    name = gsub(name, "%" .. separator, (gsub(replacement, "%%", "%%%%")))
  end
  local value = gsub(name, "%%", "%%%%")
  if path ~= "" then
    for template in gmatch(path, "[^;]*") do
      local file = gsub(template, "%?", value)
      local chunk, why = chunk_of(file)
      if chunk or why then
        return file, chunk, why
      end
    end
  end
  return nil, "no file '" .. gsub(gsub(path, "%?", value), ";", "'\n\tno file '") .. "'"
end

package.searchpath = public(function(...)
  local name, path, separator, replacement = ...
  if separator == nil then
    separator = "."
  end
  if replacement == nil then
    replacement = "/"
  end
  local given = { name, path, separator, replacement }
  for i = 4, 1, -1 do
    local kind = type(given[i])
    if kind ~= "string" and kind ~= "number" then
      bad_argument(i, "searchpath", "string", select(i, ...))
    end
    given[i] = given[i] .. ""
  end
  local file, why = search(given[1], given[2], given[3], given[4])
  if file then
    return file
  end
  return nil, why
end)

-- Returns the templates in a field of `package`.
local function templates(field)
  local path = package[field]
  if type(path) ~= "string" and type(path) ~= "number" then
    error("'package." .. field .. "' must be a string", 0)
  end
  return path .. ""
end

-- Raises the error of a module that is not loaded: a text where its source is at fault, as
-- Lua's own; otherwise what was refused stays an error with its kind and details.
local function cannot_load(name, from, why)
  local context = "error loading module '" .. name .. "'" .. from
  if type(why) == "userdata" and why:kind() ~= "Invalid" then
    error(loaded.errors.wrap(why, context), 0)
  end
  error(context .. ":\n\t" .. why, 0)
end

local function searcher_of_path(name)
  -- The imports of this definition in the manifest go before the program's files. These
  -- are the names that it can give.
  local imported, of
  if #name <= 100 and find(name, "^[%w_.:/-]+$") then
    imported, of = load_module("=" .. name)
  end
  if imported then
    return imported, of
  elseif of then
    cannot_load(name, ", an import of the manifest", of)
  end
  local file, chunk, why = search(name, templates("path"), ".", "/")
  if not file then
    return chunk
  elseif not chunk then
    cannot_load(name, " from file '" .. file .. "'", why)
  end
  return chunk, file
end

-- For `name`, or for the part of it before the first point.
local function searcher_of_cpath(name, of)
  local path = templates("cpath")
  if of and path ~= "" then
    local file, why = search(of, path, ".", "/")
    if not file then
      return why
    end
    cannot_load(name, " from file '" .. file .. "'", "dynamic libraries cannot be loaded")
  end
end

package.searchers = {
  public(function(name)
    local loader = preload[name]
    if loader ~= nil then
      return loader, ":preload:"
    end
    return "no field package.preload['" .. name .. "']"
  end),
  public(searcher_of_path),
  public(function(name)
    return searcher_of_cpath(name, name)
  end),
  public(function(name)
    local point = find(name, ".", 1, true)
    return searcher_of_cpath(name, point and sub(name, 1, point - 1))
  end),
  -- The modules that come with warren, "warren.server", whose short names, "server", are
  -- the program's own to give.
  public(function(name)
    local full, chunk = bundled(name)
    if full and not chunk then
      chunk = function()
        return (require(full))
      end
    end
    return chunk, full
  end),
}

-- Returns the loader of a module and what it is called with; or nothing, and
-- what was tried.
local function find_loader(name)
  local searchers, tried = package.searchers, ""
  if type(searchers) ~= "table" then
    error("'package.searchers' must be a table", 4)
  end
  for i = 1, #searchers + 1 do
    local searcher = rawget(searchers, i)
    if searcher == nil then
      break
    end
    local loader, where = searcher(name)
    if type(loader) == "function" then
      return loader, where
    elseif type(loader) == "string" or type(loader) == "number" then
      tried = tried .. "\n\t" .. loader
    end
  end
  return nil, tried
end

-- The modules that are being loaded, by name: the coroutine that loads it, and a channel that
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

-- Tells if the loading of `name` waits, in the end, for the coroutine `by`.
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

require = public(function(...)
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
  local loader, where = find_loader(name)
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
  required(loaded[name], where)
  return loaded[name], where
end)
