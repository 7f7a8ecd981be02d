-- tries: run without ever waiting, by receives that end at once and timers that have rung
-- end: terminated
local inbox = process.inbox()
for _ = 1, 50 do
  coroutine.spawn(function()
    while true do
      channel.select { inbox:case_receive(), default = true }
      time.sleep(0)
      time.after(1):receive()
      channel.select { inbox:case_receive(), time.after("1ns"):case_receive() }
    end
  end)
end
inbox:receive()
