-- tries: go on after an answer of the runtime that there was no memory for
-- end: returned
local everything = text.regexp.compile("a")
local waits = {
  sleep = function() time.sleep("1ms") end,
  receive = function() assert(select(2, time.after("1ms"):receive())) end,
  select = function()
    channel.select { time.after("1ms"):case_receive(), process.inbox():case_receive() }
  end,
  spawn = function()
    local done = channel.new()
    coroutine.spawn(function() done:send(true) end)
    assert(done:receive())
  end,
}
for name, wait in pairs(waits) do
  local long = ("a"):rep(1000000)
  local ok, err = pcall(function() return everything:find_all_string(long) end)
  assert(not ok and tostring(err):find("not enough memory", 1, true), name .. ": " .. tostring(err))
  long = nil
  collectgarbage()
  wait()
end
