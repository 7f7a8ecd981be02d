-- Starts many bombs that each stay within the limits of a process, and waits until each
-- has been refused something.
local main = ...
local refused = process.listen("refused")
local waiting, limit = 0, nil
for i = 1, 32 do
  local pid, err = process.spawn(i % 2 == 0 and "app:memory" or "app:mailbox", nil, process.pid())
  if pid then
    waiting = waiting + 1
  else
    limit = err:details().limit
  end
end
for _ = 1, waiting do limit = refused:receive() or limit end
assert(process.send(main, "refused", limit))
process.inbox():receive()
