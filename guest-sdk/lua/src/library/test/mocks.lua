-- Mocks: other values in the place of globals and of fields of global tables, until they are
-- restored. The tables of modules are read-only, so copies of them are changed.

local error, type, next, rawget, rawset = error, type, next, rawget, rawset
local getmetatable, setmetatable, gmatch = getmetatable, setmetatable, string.gmatch
local globals = _G

local mocks = {}

-- By the name of a global: its value before, and the replacements, in order.
local replaced = {}

-- Returns the names in a path, "process.send" for example.
local function names_in(path, name)
  if type(path) ~= "string" then
    error("bad argument #1 to '" .. name .. "' (string expected, got " .. type(path) .. ")", 3)
  end
  local names = {}
  for part in gmatch(path .. ".", "([^.]*)%.") do
    if part == "" then
      error("bad argument #1 to '" .. name .. "' (names joined by points expected)", 3)
    end
    names[#names + 1] = part
  end
  return names
end

local function copy_of(t)
  local copy = {}
  for key, value in next, t do
    copy[key] = value
  end
  local meta = getmetatable(t)
  if type(meta) == "table" then
    setmetatable(copy, meta)
  end
  return copy
end

-- Puts a global in its place, with all its replacements.
local function put(root)
  local entry = replaced[root]
  local value, copied = entry.before, {}
  for _, mock in next, entry.mocks do
    local names = mock.names
    if not names[2] then
      value = mock.value
    else
      -- Each table on the way is copied once.
      value = copied[value] and value or copy_of(value)
      copied[value] = true
      local table = value
      for place = 2, #names - 1 do
        local inner = table[names[place]]
        inner = copied[inner] and inner or copy_of(inner)
        copied[inner] = true
        rawset(table, names[place], inner)
        table = inner
      end
      rawset(table, names[#names], mock.value)
    end
  end
  rawset(globals, root, value)
end

-- Raises unless each name but the last leads to a table.
local function check_path(names, path)
  local value = globals
  for place = 1, #names - 1 do
    value = value[names[place]]
    if type(value) ~= "table" then
      error("cannot mock " .. path .. ": '" .. names[place] .. "' is a " .. type(value) .. ", not a table", 3)
    end
  end
  -- A library that is set up at its first use is so now.
  return value[names[#names]]
end

function mocks.mock(path, value)
  local names = names_in(path, "mock")
  check_path(names, path)
  local root = names[1]
  local entry = replaced[root]
  if not entry then
    entry = { before = rawget(globals, root), mocks = {} }
    replaced[root] = entry
  end
  for place, mock in next, entry.mocks do
    if mock.path == path then
      table.remove(entry.mocks, place)
      break
    end
  end
  entry.mocks[#entry.mocks + 1] = { path = path, names = names, value = value }
  put(root)
end

function mocks.mock_process(field, value)
  if type(field) ~= "string" then
    error("bad argument #1 to 'mock_process' (string expected, got " .. type(field) .. ")", 2)
  end
  mocks.mock("process." .. field, value)
end

function mocks.restore_mock(path)
  local names = names_in(path, "restore_mock")
  local entry = replaced[names[1]]
  for place, mock in next, entry and entry.mocks or {} do
    if mock.path == path then
      table.remove(entry.mocks, place)
      break
    end
  end
  if entry then
    put(names[1])
    replaced[names[1]] = entry.mocks[1] and entry or nil
  end
end

function mocks.restore_all_mocks()
  for root, entry in next, replaced do
    rawset(globals, root, entry.before)
    replaced[root] = nil
  end
end

return mocks
