-- Fills 900 mailboxes of its own with messages that it never reads, and never stops trying.
local main = ...
local me, value, told = process.pid(), ("x"):rep(1000000), false
for i = 1, 900 do assert(process.listen("topic " .. i)) end
while true do
  for i = 1, 900 do
    local sent, err
    repeat
      sent, err = process.send(me, "topic " .. i, value)
    until not sent
    -- A full queue is not all yet.
    local limit = err:details().limit
    if not told and limit ~= "max_queue.bytes" then
      told = process.send(main, "refused", limit)
    end
  end
end
