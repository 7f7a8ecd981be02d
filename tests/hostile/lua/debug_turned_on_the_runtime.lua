-- tries: reach the runtime through debug: its objects' metatables and parts, the stacks of functions of C that wait, and the functions that the interpreter is written in
-- end: returned
local objects = { process.inbox(), process.with_context {}, time.now(), time.parse_duration("1s"), channel.new(), channel.new():case_receive(), errors.new("x"), security.new_actor("a"), time.timer("1h"), time.ticker("1h") }
for i, object in ipairs(objects) do
  assert(type(debug.getmetatable(object)) == "string", i)
  assert(not pcall(debug.setmetatable, object, {}) and not pcall(debug.setmetatable, object, nil), i)
  for n = 1, 6 do
    assert(debug.getuservalue(object, n) == nil and debug.setuservalue(object, {}, n) == nil, i)
  end
  -- Nor becomes a file an object, or an object a file.
  assert(not pcall(debug.setmetatable, object, debug.getmetatable(io.stdout)), i)
end

-- The frames of what waits, or calls back.
local function meddle(thread)
  for level = 0, 20 do
    for n = -10, 30 do
      pcall(debug.setlocal, thread, level, n, {})
      local ok, _, value = pcall(debug.getlocal, thread, level, n)
      if ok and type(value) == "function" then
        for up = 1, 10 do
          pcall(debug.setupvalue, value, up, nil)
        end
      end
    end
  end
end
local one, two = channel.new(), channel.new()
local waiting = {
  coroutine.create(function() return one:receive() end),
  coroutine.create(function() return channel.select { one:case_receive(), two:case_send(1) } end),
  coroutine.create(function() return time.sleep("5ms") end),
  coroutine.create(function() return process.exec("app:attack.none", "app:attackers") end),
}
for _, co in ipairs(waiting) do
  coroutine.spawn(function() pcall(coroutine.resume, co) end)
end
time.sleep("1ms")
for _, co in ipairs(waiting) do
  meddle(co)
end
one:close()
two:close()
time.sleep("20ms")
pcall(table.sort, { 3, 2, 1 }, function(a, b) meddle(coroutine.running()) return a < b end)
pcall(string.gsub, "abc", ".", function() meddle(coroutine.running()) end)
pcall(string.gmatch("abc", "."), meddle(coroutine.running()))
for _, f in ipairs { require, load, table.sort, string.gsub, ipairs, coroutine.wrap(print), string.gmatch("x", "x"), io.lines } do
  for n = 1, 5 do
    assert(debug.setupvalue(f, n, nil) == nil)
    pcall(debug.upvaluejoin, f, n, meddle, 1)
  end
end
-- A hook that does everything that hooks may do, in everything.
local busy = 0
local function hook()
  busy = busy + 1
  process.send(process.pid(), "hooked", busy)
  collectgarbage("step")
  if busy % 50 == 0 then
    error("out of the hook")
  end
end
for _ = 1, 500 do
  pcall(function()
    debug.sethook(hook, "crl", 1)
    local message = process.inbox():receive()
    json.encode(json.decode('{"a":[1,2,3]}'))
    debug.sethook()
    return message
  end)
  debug.sethook()
end
debug.getregistry()._LOADED, debug.getregistry()[1] = nil, nil
for key in pairs(debug.getregistry()) do debug.getregistry()[key] = nil end
assert(require("json") == json)
