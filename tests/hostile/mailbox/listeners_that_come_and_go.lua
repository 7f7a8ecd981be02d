-- tries: make each change of a listener cost all that lies unread
-- end: returned
-- grows: 100 MiB
local me = process.pid()
for i = 1, 5000 do process.send(me, "unread" .. i % 100, i) end
for i = 1, 20000 do
  local ch = assert(process.listen("topic" .. i % 1000))
  if i % 3 == 0 then process.send(me, "topic" .. i % 1000, i) end
  process.unlisten(ch)
  process.unlisten(ch)
end
local opened, refused = 0, nil
for i = 1, 100000 do
  local ch, err = process.listen("many" .. i)
  if not ch then refused = err break end
  opened = opened + 1
end
assert(errors.is(refused, errors.RATE_LIMITED), refused)
