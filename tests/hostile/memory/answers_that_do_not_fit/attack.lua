-- tries: go on after an answer of the runtime that there was no memory for
-- end: returned
local waits = {
  sleep = function() time.sleep("1ms") end,
  receive = function() assert(time.after("1ms"):receive()) end,
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
  local full = {}
  local ok, why = pcall(function()
    for place = 1, 1000000 do full[place] = ("x"):rep(200000) .. place end
  end)
  assert(not ok and why == "not enough memory", why)
  pcall(process.exec, "app:big", "app:attackers")
  full = nil
  collectgarbage()
  wait()
end
