-- A full store refuses changes, and has room again.
-- shows: ST-8
local function at(limit, kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
  assert(err:details().limit == limit, err:details().limit)
  assert(err:retryable() == (kind == errors.RATE_LIMITED))
  return err:details()
end

for _, id in ipairs { "memory", "durable" } do
  local s = assert(store.get(id))
  for n = 1, 3 do
    assert(s:set("k" .. n, n))
  end
  local details = at("max_entries", errors.RATE_LIMITED, s:set("k4", 4))
  assert(details.value == 3 and details.store == "app:" .. id and details.host == "app:processes")
  at("max_entries", errors.RATE_LIMITED, s:incr("k4"))
  assert(s:set("k3", "another"))
  assert(s:delete("k1") and s:set("k4", 4))
  assert(s:delete("k4") and s:set("k5", 5, "1ms"))
  repeat until not s:has("k5")
  assert(s:set("k6", 6))

  details = at("max_value", errors.INVALID, s:set("k6", ("x"):rep(1024)))
  assert(details.value == 1024 and details.store == "app:" .. id)
  local large = ("x"):rep(1000)
  assert(s:set("k2", large))
  assert(s:set("k3", large))
  at("max_bytes", errors.RATE_LIMITED, s:set("k6", large))
  assert(s:get("k6") == 6)
  assert(s:delete("k2") and s:set("k6", large))
end

return function() end
