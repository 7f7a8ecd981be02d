-- Versions, conditions, and additions of several processes.
-- shows: ST-4, ST-6
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
  return err
end

local RACERS, ROUNDS <const> = 8, 20

for _, id in ipairs { "memory", "durable" } do
  local s = assert(store.get(id))
  local first = assert(s:put("a", "one"))
  assert(first.key == "a" and first.value == "one" and type(first.version) == "string")
  local entry = s:entry("a")
  assert(entry.key == "a" and entry.value == "one" and entry.version == first.version)
  local exists = fails(errors.ALREADY_EXISTS, s:put("a", "two", { only_if_absent = true }))
  assert(exists:retryable() == false)
  local second = assert(s:put("a", "two", { if_version = first.version }))
  assert(second.version ~= first.version)
  local conflict = fails(errors.CONFLICT, s:put("a", "three", { if_version = first.version }))
  assert(conflict:retryable() == true)
  assert(s:get("a") == "two" and s:entry("a").version == second.version)
  fails(errors.CONFLICT, s:put("none", 1, { if_version = first.version }))
  assert(s:has("none") == false)
  assert(s:put("none", 1, { only_if_absent = true }))
  fails(errors.INVALID, s:put("a", 1, { only_if_absent = true, if_version = second.version }))
  fails(errors.INVALID, s:put("a", 1, { if_version = "x" }))
  fails(errors.INVALID, s:put("a", 1, { if_versoin = second.version }))
  -- A key that is made again has a version of its own.
  local seen = {}
  for _ = 1, 50 do
    local made = assert(s:put("again", 1)).version
    assert(not seen[made])
    seen[made] = true
    s:delete("again")
  end

  -- Of those that replace one version one succeeds; additions are all there.
  s:set("won", 0)
  local futures = {}
  for racer = 1, RACERS do
    futures[racer] = assert(funcs.async("app:racer", id, ROUNDS))
  end
  local won = 0
  for racer = 1, RACERS do
    won = won + futures[racer]:channel():receive():data()
  end
  assert(s:get("sum") == RACERS * ROUNDS, s:get("sum"))
  assert(s:get("won") == won and won >= ROUNDS, won)

  s:set("text", "x")
  fails(errors.INVALID, s:incr("text"))
  assert(s:get("text") == "x")
  s:set("most", math.maxinteger)
  fails(errors.INVALID, s:incr("most"))
  assert(s:get("most") == math.maxinteger)
  assert(s:incr("most", -1) == math.maxinteger - 1 and s:incr("new", -7) == -7)
  fails(errors.INVALID, s:incr("new", 1.5))
end

return function() end
