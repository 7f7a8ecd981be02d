-- A program cannot change the table of a module, nor the tables in it; a changed copy in
-- the place of the global is its own affair.
-- shows: C-24

local modules = {
  "base64", "capability", "channel", "crypto", "ctx", "env", "errors", "events", "fs", "funcs", "hash", "hex",
  "http", "http_client",
  "json", "logger", "metrics", "payload", "pg", "process", "queue", "security", "sql", "store", "stream", "text",
  "time", "uuid", "websocket", "yaml",
  "server", "task", "supervisor", "pool", "registry",
}

local refused = "attempt to change a module (put a changed copy in its place)"

local function refuses(what, ...)
  local ok, err = pcall(...)
  assert(not ok and err:find(refused, 1, true), what .. ": " .. tostring(err))
end

local function assign(t, key, value)
  t[key] = value
end

for _, name in ipairs(modules) do
  local module = require(name)
  refuses(name .. ".new", assign, module, "new_member", true)
  refuses(name .. "[1]", assign, module, 1, true)
  refuses("rawset " .. name, rawset, module, "new_member", true)
  for key, value in pairs(module) do
    refuses(name .. "." .. key, assign, module, key, nil)
    refuses("rawset " .. name .. "." .. key, rawset, module, key, value)
    assert(module[key] == value)
  end
  assert(module.new_member == nil)
  local metatable = debug.getmetatable(module)
  refuses("setmetatable " .. name, setmetatable, module, { __index = { new_member = true } })
  refuses("debug.setmetatable " .. name, debug.setmetatable, module, nil)
  assert(debug.getmetatable(module) == metatable)
  if metatable then
    refuses("metatable of " .. name, assign, metatable, "__index", { new_member = true })
  end
end
refuses("insert", table.insert, process.event, "x")
refuses("event", assign, process.event, "EXIT", "x")
refuses("groups", assign, process.groups, "join", print)
refuses("builder", assign, sql.builder, "eq", print)
refuses("random", assign, crypto.random, "bytes", print)

-- The place of the mistake is the program's line.
local _, err = pcall(function()
  process.send = nil
end)
assert(err:find("^[^:]*modules_are_read_only%.lua:%d+: attempt"), err)

-- A table of the program's own is as ever, also one with the fields of a module.
local copy = {}
for key, value in pairs(process) do
  copy[key] = value
end
copy.send = function()
  return "mocked"
end
local own = process
process = copy
assert(process.send() == "mocked" and process.pid() == own.pid())
process = own
assert(process.send ~= copy.send)

-- Libraries of Lua itself are changed as in Lua.
string.shout = string.upper
assert(("a"):shout() == "A")

return function() end
