-- tries: fill the memory of the runtime with messages that nobody takes: large ones, ones of headers alone, ones that wait for ever
-- end: returned
-- grows: 128
local function refused(kind, ok, err)
  assert(ok == nil and errors.is(err, kind), tostring(ok) .. " " .. tostring(err))
  return err
end

if ... then
  -- One of many that publish at once.
  for n = 1, 5000 do
    local ok, err = queue.publish("many", n, { delay = n % 2 == 0 and "10000h" or 0 })
    assert(ok or errors.is(err, errors.RATE_LIMITED), err)
  end
  return
end

-- A message of more than any queue takes is refused before it is kept.
for _, size in ipairs { 1048577, 10000000 } do
  assert(not queue.publish("large", ("x"):rep(size)))
  assert(not queue.publish("large", 1, { x = ("x"):rep(size) }))
  assert(not queue.publish(("q"):rep(size), 1))
end
local headers, deep = {}, {}
for n = 1, 20000 do
  headers["header" .. n] = n
  deep = { deep }
end
refused(errors.INVALID, queue.publish("large", 1, headers))
assert(not queue.publish("large", deep))
assert(not queue.publish("large", 1, { x = deep }))
for _, delay in ipairs { -1, math.mininteger, -math.huge, "-1h" } do
  refused(errors.INVALID, queue.publish("large", 1, { delay = delay }))
end

local large, stored, full = ("x"):rep(1000000), 0, nil
for _ = 1, 200 do
  local ok, err = queue.publish("large", large)
  if ok then
    stored = stored + 1
  else
    full = err
  end
end
assert(stored <= 16 and errors.is(full, errors.RATE_LIMITED), stored)
assert(full:details().limit == "max_bytes")
local small = { x = ("x"):rep(60000) }
for _ = 1, 200 do
  local ok, err = queue.publish("large", 1, small)
  assert(ok or errors.is(err, errors.RATE_LIMITED), err)
end

for _ = 1, 10 do
  assert(process.spawn_linked("app:attack", "app:attackers", true))
end
repeat until queue.info("many").message_count == 20000
local err = refused(errors.RATE_LIMITED, queue.publish("many", 1))
assert(err:details().limit == "max_length")
