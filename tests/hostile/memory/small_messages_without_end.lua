-- tries: to hide memory in what a message costs beside its bytes, and in queues that
-- listening and unlistening joins
-- end: returned
-- grows: 200 MiB
local me = process.pid()
local refused
for i = 1, 200 do
  local topic = "t" .. i
  local channel = assert(process.listen(topic))
  for _ = 1, 9000 do
    local sent, err = process.send(me, topic)
    if not sent then refused = err break end
  end
  process.unlisten(channel)
end
assert(errors.is(refused, errors.RATE_LIMITED), refused)
