-- All queues of a process count against one limit, with its linear memory.
-- shows: Q-11

local me, value = process.pid(), ("x"):rep(1000000)
local channels, queued, refusal = {}, 0, nil
for i = 1, 40 do
  channels[i] = assert(process.listen("t" .. i))
  repeat
    local sent, err = process.send(me, "t" .. i, value)
    queued = queued + (sent and 1 or 0)
    refusal = err
  until not sent
end
-- The 40 queues have room for 160 of them.
assert(queued >= 30 and queued <= 67, queued)
assert(errors.is(refusal, errors.RATE_LIMITED) and refusal:retryable() == true, refusal)
local details = refusal:details()
assert(details.limit == "max_memory" and details.value == 64 << 20, json.encode(details))
assert(details.host == "app:processes", details.host)
-- The process goes on, and what it reads makes room.
for i = 1, 10 do
  assert(channels[i]:receive() == value)
  collectgarbage()
end
assert(process.send(me, "t2000", value))
