-- tries: make each event wake everybody: 20,000 coroutines wait for one channel, and are woken and closed
-- end: returned
local ch, stop, woken = channel.new(), channel.new(), 0
for _ = 1, 20000 do
  coroutine.spawn(function()
    local got = channel.select { ch:case_receive(), stop:case_receive() }
    woken = woken + 1
  end)
end
time.sleep(0)
for i = 1, 10000 do ch:send(i) end
stop:close()
ch:close()
while woken < 20000 do time.sleep(0) end
