-- tries: end with bytes that are no value, so that whoever waits for the end never hears of it
-- end: returned
-- Values; the last is a string that is no UTF-8.
local CASES, valid = 22, { [0] = true, [1] = true, [2] = true, [11] = true }
local events = process.events()
for i = 0, CASES - 1 do
  local child = assert(process.spawn_monitored("app:garbage", "app:attackers", i))
  local got = channel.select { events:case_receive(), time.after("5m"):case_receive() }
  assert(got.channel == events, "no EXIT of " .. i)
  assert(got.value.from == child)
  local result = got.value.result
  local value, err = process.exec("app:garbage", "app:attackers", i)
  if valid[i] then
    assert(result.error == nil and err == nil, i)
  else
    assert(value == nil and (errors.is(err, errors.INVALID) or errors.is(err, errors.INTERNAL)), i .. ": " .. tostring(err))
    assert(result.cause and result.cause:kind() == err:kind() and #result.error < 5000, i)
  end
end
