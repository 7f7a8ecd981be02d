-- tries: leave the sandbox through debug, metatables of the runtime's objects and the environment of functions
-- end: returned
for _, name in ipairs { "sethook", "getregistry", "setmetatable", "getmetatable", "upvaluejoin", "upvalueid", "setupvalue", "getupvalue", "setlocal", "getlocal", "setuservalue", "setcstacklimit", "debug" } do
  assert(debug[name] == nil, name)
end
local objects = { process.inbox(), process.with_context {}, time.now(), channel.new(), errors.new("x"), security.new_actor("a"), io.stdout }
for i, object in ipairs(objects) do
  local metatable = getmetatable(object)
  if type(metatable) == "table" then
    metatable.__gc = nil
    metatable.__index = nil
    for k in pairs(metatable) do metatable[k] = nil end
  end
  assert(not pcall(setmetatable, object, {}), i)
end
assert(not os.execute())
assert(not pcall(io.popen, "id"))
assert(not package.loadlib("libc.so.6", "system"))
assert(not io.open("/proc/self/environ") and not io.open("/etc/passwd") and not io.open("main.lua"))
assert(os.getenv("HOME") == nil and os.getenv("PATH") == nil)
