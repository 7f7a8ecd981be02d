-- Entries with a time to live end.
-- shows: ST-3
local function until_gone(s, key)
  repeat until not s:has(key)
end

for _, id in ipairs { "memory", "durable" } do
  local s = assert(store.get(id))
  s:set("short", 1, "2ms")
  s:set("second", 1, 0.002)
  assert(s:put("put", 1, { ttl = "2ms" }))
  s:set("counted", 5, "2ms")
  s:set("kept", 1, "2ms")
  s:set("kept", 2)
  s:set("zero", 1, 0)
  s:set("long", 1, 3600)
  for _, key in ipairs { "short", "second", "put" } do
    until_gone(s, key)
    local _, err = s:get(key)
    assert(errors.is(err, errors.NOT_FOUND))
    assert(select(2, s:entry(key)):kind() == errors.NOT_FOUND)
    assert(s:delete(key) == false)
    -- As if it had never been there.
    assert(s:put(key, 1, { only_if_absent = true }))
    s:delete(key)
  end
  until_gone(s, "counted")
  assert(s:incr("counted") == 1 and s:has("counted"))
  -- The sum is 2 only of an entry that has not ended.
  repeat
    s:set("ends", 1, "50ms")
  until s:incr("ends") == 2
  until_gone(s, "ends")
  local keys = {}
  for _, item in ipairs(s:list().items) do
    keys[#keys + 1] = item.key
  end
  assert(table.concat(keys, " ") == "counted kept long zero", table.concat(keys, " "))
  local _, negative = s:set("k", 1, -1)
  assert(errors.is(negative, errors.INVALID))
  assert(errors.is(select(2, s:set("k", 1, "soon")), errors.INVALID))
  assert(errors.is(select(2, s:put("k", 1, { ttl = -1 })), errors.INVALID))
end

return function() end
