-- tries: end in every odd place, so that somebody waits for an EXIT that never comes
-- end: returned
local ways = {
  function() os.exit(2 ^ 31) end,
  function() os.exit(true, true) end,
  function() setmetatable({}, { __gc = function() os.exit(3, true) end }) collectgarbage() end,
  function() local _ <close> = setmetatable({}, { __close = function() os.exit(4, true) end }) error("x") end,
  function() pcall(os.exit, 5, true) end,
  function() coroutine.wrap(function() os.exit(6, true) end)() end,
  function() coroutine.spawn(function() os.exit(7, true) end) process.inbox():receive() end,
  function() table.sort({ 1, 2, 3 }, function() os.exit(8, true) end) end,
  function() string.gsub("x", "x", function() os.exit(9) end) end,
  function() xpcall(error, function() os.exit(10) end) end,
  function() load(function() os.exit(11) end) end,
  function() print(setmetatable({}, { __tostring = function() os.exit(12) end })) end,
  function() process.terminate(process.pid()) end,
  function() setmetatable({}, { __gc = function() process.terminate(process.pid()) end }) end,
  function() setmetatable({}, { __gc = function() process.upgrade(nil, "none") end }) end,
  function() setmetatable({}, { __gc = function() error({}) end }) error(nil) end,
  function() error(setmetatable({}, { __tostring = function() error("again") end })) end,
  function() return nil, errors.new { message = ("m"):rep(3000000) } end,
  function() return setmetatable({}, { __index = error, __len = error, __pairs = error }) end,
  function() return coroutine.create(print) end,
  function() return nil, coroutine.create(print) end,
  function() return nil, setmetatable({}, { __name = ("n"):rep(2000000) }) end,
  function() local t = {} t.t = t return t end,
  function() local t = {} t.t = t return nil, errors.new { message = "x", details = t } end,
  function() coroutine.close(coroutine.running()) end,
  function() coroutine.spawn(coroutine.running()) end,
  function() error(("\27[2J\n\r\0"):rep(10000), 0) end,
}
return function(way)
  if way then return (ways[way] or function() end)() end
  local events = process.events()
  for i in ipairs(ways) do
    local child = assert(process.spawn_monitored("app:attack", "app:attackers", i))
    local got = channel.select { events:case_receive(), time.after("5m"):case_receive() }
    assert(got.channel == events, "no EXIT of way " .. i)
    assert(got.value.from == child and got.value.kind == "pid.exit")
    local more = channel.select { events:case_receive(), default = true }
    assert(more.default, "a second EXIT of way " .. i)
  end
end
