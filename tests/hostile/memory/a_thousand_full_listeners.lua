-- tries: to have the runtime hold 4 MiB in each of a thousand listeners
-- end: returned
-- grows: 160 MiB
local me, value = process.pid(), ("x"):rep(1000000)
local last
for i = 1, 900 do
  local topic = "t" .. i
  assert(process.listen(topic))
  repeat
    local sent, err = process.send(me, topic, value)
    last = err or last
  until not sent
end
assert(errors.is(last, errors.RATE_LIMITED) and last:details().limit == "max_memory", last)
