-- A store is there for definitions that are granted it, and keeps copies of values.
-- shows: ST-1, ST-2, ST-11
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
  return err
end

assert(require("store") == store)
for _, id in ipairs { "hidden", "app:hidden", "app:none", "other:memory", "app.x:memory" } do
  local err = fails(errors.NOT_FOUND, store.get(id))
  assert(tostring(err):find("^store not found: ") and tostring(err):find("%-%-store [%w.:]+$"), tostring(err))
  assert(err:retryable() == false)
end
fails(errors.INVALID, store.get(""))
fails(errors.INVALID, store.get(("x"):rep(2000)))
-- Not granted, for an operation that names the store itself.
fails(errors.NOT_FOUND, capability.call("store.get", "app:hidden", "k"))
fails(errors.NOT_FOUND, capability.call("store.set", "app:hidden", "k", 1))

local values = {
  true, false, 0, -1, math.maxinteger, math.mininteger, 1.0, 0.1, -math.huge, "", "text", "\xff\0bytes",
  {}, { 1, 2, 3 }, { a = { b = { c = true } } }, errors.new { message = "kept", kind = "Own" },
}
for _, id in ipairs { "memory", "durable" } do
  local s = assert(store.get(id))
  assert(tostring(s) == "store.Store{}")
  for place, value in ipairs(values) do
    local key = "key/" .. place
    assert(s:set(key, value) == true)
    local read = s:get(key)
    if type(value) == "table" then
      assert(json.encode(read) == json.encode(value) and read ~= value)
    elseif type(value) == "userdata" then
      assert(tostring(read) == "kept" and read:kind() == "Own")
    else
      assert(read == value and math.type(read) == math.type(value), tostring(value))
    end
    assert(s:has(key) == true)
  end
  -- A change of a value that was read, or set, changes nothing in the store.
  local list = { 1 }
  s:set("list", list)
  list[2] = 2
  s:get("list")[2] = 2
  assert(#s:get("list") == 1)
  -- Another definition reads it.
  assert(process.exec("app:reader", "app:processes", id, "key/11") == "text")

  assert(s:delete("key/1") == true and s:delete("key/1") == false)
  assert(s:has("key/1") == false)
  local err = fails(errors.NOT_FOUND, s:get("key/1"))
  assert(tostring(err) == "key not found: key/1" and err:retryable() == false)
  fails(errors.NOT_FOUND, s:entry("key/1"))

  for _, method in ipairs { "get", "has", "entry", "delete", "set", "put", "incr" } do
    fails(errors.INVALID, s[method](s, "", 1))
    fails(errors.INVALID, s[method](s, "\xff", 1))
    local long = fails(errors.INVALID, s[method](s, ("k"):rep(1025), 1))
    assert(long:details().limit == "max_key" and long:details().value == 1024)
  end
  assert(s:set(("k"):rep(1024), 1))
  fails(errors.INVALID, s:set("k", nil))
  fails(errors.INVALID, s:put("k", nil))
  local refused = fails(errors.INVALID, s:set("k", { f = print }))
  assert(tostring(refused):find("value.f", 1, true), tostring(refused))
  assert(s:has("k") == false)

  local info = s:info()
  -- A suite runs this program with its stores on a server, too.
  local is_served = info.backend == store.backend.JETSTREAM
  assert(info.id == "app:" .. id and info.durable == is_served and info.consistency == store.consistency.STRONG)
  assert(is_served or info.backend == (id == "memory" and store.backend.MEMORY or store.backend.SQLITE))
  assert(info.list and info.versioned and info.conditional_put and info.ttl)

  assert(s:release() == true and s:release() == true)
  assert(tostring(s) == "store.Store{released}")
  for _, method in ipairs { "get", "has", "entry", "delete", "set", "put", "incr", "list", "info", "watch" } do
    fails(errors.INVALID, s[method](s, "key/2", 1))
  end
  assert(store.get(id):has("key/2"))
  -- A handle does not cross.
  fails(errors.INVALID, process.send(process.pid(), "topic", store.get(id)))
end

return function() end
