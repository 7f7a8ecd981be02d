-- tries: confuse channels that close, and coroutines that end, while others wait there
-- end: returned
for round = 1, 200 do
  local ch, waiting = channel.new(round % 3), {}
  for i = 1, 20 do
    coroutine.spawn(function()
      waiting[i] = coroutine.running()
      if i % 2 == 0 then pcall(ch.send, ch, i) else ch:receive() end
      channel.select { ch:case_receive(), time.after("1ms"):case_receive() }
    end)
  end
  time.sleep(0)
  for _, co in pairs(waiting) do
    pcall(coroutine.close, co)
    pcall(coroutine.resume, co, "not for you")
  end
  for i = 1, 20 do
    coroutine.spawn(function() pcall(ch.send, ch, i) ch:close() pcall(ch.send, ch, i) end)
  end
  ch:close()
  time.sleep(0)
  local topic = process.listen("t" .. round % 5)
  coroutine.spawn(function() topic:receive() end)
  time.sleep(0)
  process.unlisten(topic)
end
