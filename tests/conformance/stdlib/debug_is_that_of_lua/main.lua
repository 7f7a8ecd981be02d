-- Hooks, locals, upvalues, metatables and levels of the stack, as Lua 5.4 prints them.
-- shows: I-13

-- Locals.
local function locals(level)
  local list = {}
  for i = 1, math.huge do
    local name, value = debug.getlocal(level + 1, i)
    if not name or name == "(temporary)" then break end
    list[#list + 1] = name .. "=" .. type(value)
  end
  return table.concat(list, " ")
end
local function with_locals(a, b, ...)
  local c <const>, d = 3, "four"
  print(locals(1))
  print(debug.setlocal(1, 4, "five"), d, debug.setlocal(1, 99, 1))
  print(debug.getlocal(1, -1))
  print(debug.getlocal(with_locals or print, 1))
end
with_locals(1, nil, true)
print(debug.getlocal(with_locals, 1), debug.getlocal(with_locals, 2), debug.getlocal(with_locals, 3))
print(pcall(debug.getlocal, 50, 1))

-- Upvalues.
local n, m = 1, 2
local function counts() n = n + 1 return n end
local function other() return m end
print(debug.getupvalue(counts, 1), debug.getupvalue(counts, 2))
print(debug.setupvalue(counts, 1, 40), counts(), n)
print(debug.upvalueid(counts, 1) == debug.upvalueid(counts, 1), debug.upvalueid(counts, 1) == debug.upvalueid(other, 1))
debug.upvaluejoin(other, 1, counts, 1)
print(other(), debug.upvalueid(counts, 1) == debug.upvalueid(other, 1))
print(debug.getupvalue(string.gmatch("x", "x"), 1), debug.getupvalue(print, 1), debug.upvalueid(print, 1))
print(pcall(debug.upvaluejoin, print, 1, counts, 1))

-- Metatables of any value.
debug.setmetatable(10, { __index = function(a, b) return a + b end, __call = function(a, b) return a * b end })
print((5)[6], (3)(4), debug.getmetatable(1).__call ~= nil)
debug.setmetatable(10, nil)
debug.setmetatable(nil, { __index = function() return "of nil" end })
local nothing
print(nothing.x)
debug.setmetatable(nil, nil)
debug.setmetatable(print, { __index = { name = "a function" } })
print(locals.name, debug.getmetatable(locals).__index.name)
debug.setmetatable(print, nil)
local t = setmetatable({}, { __metatable = "hidden" })
print(getmetatable(t), debug.getmetatable(t).__metatable, debug.setmetatable(t, nil) == t, getmetatable(t))
print(debug.getmetatable("").__index == string, debug.getmetatable(io.stdout).__name)
local own = debug.getmetatable(io.stdout)
debug.setmetatable(io.stdout, { __index = { is = "not a file" } })
local is = io.stdout.is
debug.setmetatable(io.stdout, own)
print(is)
print(io.type(io.stdout), debug.getuservalue(io.stdout, 1), debug.setuservalue(io.stdout, 1, 1), debug.getuservalue(5))

-- Levels: what calls back through a function of the library has only that between.
local function levels()
  local list = {}
  for level = 1, 3 do
    local info = debug.getinfo(level, "Sn")
    list[#list + 1] = info.what .. ":" .. tostring(info.name) .. ":" .. info.namewhat
  end
  return table.concat(list, " ")
end
table.sort({ 1, 2 }, function() print(levels()) return false end)
string.gsub("x", "x", function() print(levels()) end)
print(table.concat(setmetatable({}, { __len = function() return 1 end, __index = function() print(levels()) return "e" end })))
for _ in ipairs(setmetatable({}, { __index = function() print(levels()) end })) do end
xpcall(function() print(levels()) end, print)
local info = debug.getinfo(with_locals, "SLu")
local lines = {}
for line in pairs(info.activelines) do lines[#lines + 1] = line end
table.sort(lines)
print(info.nparams, info.isvararg, info.nups, info.what, info.linedefined, info.lastlinedefined, table.concat(lines, ","))
print(debug.getinfo(1, "l").currentline, debug.getinfo(print, "f").func == print, debug.getinfo(99))
print(pcall(debug.getinfo, 1, ">"), pcall(debug.getinfo, 1, "X"))

-- Hooks.
local events = {}
local function note(event, line)
  local name = debug.getinfo(2, "n").name
  events[#events + 1] = event .. ":" .. tostring(line or name)
end
local function tail(x) return tostring(x) end
debug.sethook(note, "cr")
table.sort({ 3, 1, 2 }, function(a, b) return a < b end)
string.gsub("ab", "%a", function(c) return c end)
tail(1)
debug.sethook()
print(table.concat(events, " "))
events = {}
debug.sethook(note, "l")
local x = 1
for i = 1, 2 do
  x = x + i
end
debug.sethook()
local first = events[1]:match("%d+")
for i, event in ipairs(events) do events[i] = event:gsub("%d+", function(line) return line - first end) end
print(table.concat(events, " "))
local count = 0
debug.sethook(function() count = count + 1 end, "", 1000)
for _ = 1, 100000 do end
local hook, mask, every = debug.gethook()
print(type(hook), mask, every, count > 50)
debug.sethook()
print(debug.gethook())
print(pcall(function()
  debug.sethook(function() debug.sethook() error("from a hook", 0) end, "", 1)
  local y = x
end))
debug.sethook()
local co = coroutine.create(function(a)
  local b = a
  coroutine.yield(b)
  return b
end)
local calls = 0
debug.sethook(co, function() calls = calls + 1 end, "c")
coroutine.resume(co, 4)
print(calls, debug.gethook(co) ~= nil, debug.gethook() == nil)
print(debug.getlocal(co, 1, 2), debug.setlocal(co, 1, 2, "changed"), coroutine.resume(co))
print(debug.getinfo(coroutine.create(print), 0), pcall(debug.getlocal, co, 9, 1))
local args
debug.sethook(function(event)
  local info = debug.getinfo(2, "rf")
  if event == "call" and info.func == tail then args = { info.ftransfer, info.ntransfer, debug.getlocal(2, info.ftransfer) } end
end, "c")
tail("given")
debug.sethook()
print(table.unpack(args))

local registry = debug.getregistry()
print(type(registry), registry._LOADED == package.loaded, registry._PRELOAD == package.preload, registry[2] == _G)
print(registry[1] == coroutine.running(), getmetatable(registry._HOOKKEY).__mode, registry["FILE*"] == own)
print(debug.setcstacklimit(100), debug.traceback("m", 0):match("^[^\n]*\n[^\n]*\n[^\n]*"))
