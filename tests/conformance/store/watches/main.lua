-- A watch yields the changes of keys in their order.
-- shows: ST-7
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
end

for _, id in ipairs { "memory", "durable" } do
  local s = assert(store.get(id))
  local orders, all = assert(s:watch("orders/")), assert(s:watch())
  assert(process.exec("app:writer", "app:processes", id, 100) == nil)
  for n = 1, 100 do
    local change = orders:channel():receive()
    assert(change.store == "app:" .. id and change.kind == "set" and change.key == "orders/" .. n)
    assert(s:entry(change.key).version == change.version and change.missed == nil)
  end
  s:delete("orders/1")
  s:delete("orders/1")
  s:incr("count")
  local change = orders:channel():receive()
  assert(change.kind == "deleted" and change.key == "orders/1" and change.version == nil)

  -- 64 changes are kept at least, and the next one says how many were lost.
  local seen = 0
  local last
  repeat
    last = all:channel():receive("10s")
    seen = seen + 1
  until last.key == "count"
  assert(seen == 202, seen)

  assert(orders:close() == true and orders:close() == true)
  s:set("orders/2", "closed")
  assert(all:channel():receive().key == "orders/2")
  assert(orders:channel():receive() == nil)
  all:close()
  fails(errors.INVALID, s:watch(("x"):rep(1025)))

  local missed = assert(process.exec("app:slow", "app:small", id))
  assert(missed > 0, missed)
end

return function() end
