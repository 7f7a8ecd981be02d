-- `send` on a full channel waits for room; waiting senders are served in order.
-- shows: H-2, H-3
local ch = channel.new(1)
local order = {}
for i = 1, 4 do
  coroutine.spawn(function()
    ch:send(i)
    order[#order + 1] = i
  end)
end
time.sleep("1ms") -- lets them all come to their send
assert(#order == 1, "one has room, three wait")
for i = 1, 4 do
  assert(ch:receive() == i)
end
time.sleep("1ms")
assert(table.concat(order, " ") == "1 2 3 4")
