-- `debug` leads only to the program's own: the functions that the interpreter is
-- written in, their upvalues, and the parts of the runtime's objects stay out of reach.
-- shows: I-13
local seen = {}
local function walk(value)
  if type(value) == "function" and not seen[value] then
    seen[value] = true
    local source = debug.getinfo(value, "S").source
    assert(source == "=[C]" or source:sub(1, 1) == "@", source)
    for i = 1, 255 do
      local name, inner = debug.getupvalue(value, i)
      if not name then
        break
      end
      walk(inner)
    end
  elseif type(value) == "table" and not seen[value] then
    seen[value] = true
    for key, inner in next, value do
      walk(key)
      walk(inner)
    end
    walk(debug.getmetatable(value))
  end
end
walk(_G)
walk(debug.getregistry())

-- Every level that a callback sees, with its function and its locals.
local function levels()
  for level = 1, math.huge do
    local info = debug.getinfo(level, "f")
    if not info then
      break
    end
    walk(info.func)
    for i = 1, math.huge do
      local name, value = debug.getlocal(level, i)
      if not name then
        break
      end
      walk(value)
    end
  end
end
debug.sethook(levels, "", 7)
table.sort({ 3, 2, 1 }, function(a, b) levels() return a < b end)
string.gsub("abc", ".", function() levels() end)
table.concat(setmetatable({}, { __len = function() return 1 end, __index = function() levels() return "" end }))
package.preload.walked = levels
require("walked")
process.with_context({ a = 1 })
debug.sethook()

for _, object in ipairs { process.inbox(), channel.new(), errors.new("x"), time.now(), security.new_actor("a") } do
  assert(type(debug.getmetatable(object)) ~= "table")
  assert(debug.getuservalue(object, 1) == nil and not debug.setuservalue(object, {}, 1))
  assert(not pcall(debug.setmetatable, object, {}) and not pcall(debug.setmetatable, object, nil))
end
assert(debug.getregistry() == debug.getregistry())
debug.getregistry()._LOADED = nil
assert(require("string") == string)

-- A function of C finds its own values on its stack again.
local co = coroutine.create(function()
  return channel.new():receive()
end)
coroutine.spawn(function() coroutine.resume(co) end)
coroutine.spawn(function() end)
time.sleep("1ms")
for i = 1, 3 do
  assert(not debug.setlocal(co, 0, i, "changed"))
end
