-- Starts many bombs that each stay within the limits of a process, and waits until each
-- has been refused something, or has ended for want of it.
local main = ...
local refused, events = process.listen("refused", { message = true }), process.events()
local waiting, left, limit = {}, 0, nil
for i = 1, 32 do
  local pid, err = process.spawn_monitored(i % 2 == 0 and "app:memory" or "app:mailbox", nil, process.pid())
  if pid then
    waiting[pid], left = true, left + 1
  else
    limit = err:details().limit
  end
end
while left > 0 do
  local got = channel.select { refused:case_receive(), events:case_receive() }
  local from
  if got.channel == refused then
    from, limit = got.value:from(), got.value:payload()
  else
    from, limit = got.value.from, limit or got.value.result.error
  end
  if waiting[from] then waiting[from], left = nil, left - 1 end
end
assert(process.send(main, "refused", limit))
process.inbox():receive()
