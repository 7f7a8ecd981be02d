-- tries: keep every thread busy for ever with statements that never end, in a database in memory and in a file, read and write, alone and in transactions, and leave them behind in processes that end
-- end: terminated
-- options: --data data
local ENDLESS <const> = {
  "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT max(v) FROM n",
  "WITH RECURSIVE n (v) AS (VALUES (1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) SELECT count(*) FROM n a, n b, n c, n d, n e, n f, n g, n h, n i, n j, n k, n l, n m",
  "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) INSERT INTO t SELECT v FROM n",
  "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n LIMIT 100000) SELECT count(*) FROM n a JOIN n b ON a.v <> b.v",
  "WITH RECURSIVE n (v) AS (SELECT zeroblob(1000000) UNION ALL SELECT v FROM n) SELECT sum(length(hex(v))) FROM n",
}
local role = ...
local memory, file = assert(sql.get("memory")), assert(sql.get("file"))
if role then
  local db = role % 2 == 0 and memory or file
  coroutine.spawn(function()
    db:query(ENDLESS[role % #ENDLESS + 1])
  end)
  if role % 3 == 0 then
    local tx = db:begin()
    coroutine.spawn(function()
      return tx and tx:query(ENDLESS[role % #ENDLESS + 1])
    end)
  end
  return time.sleep("20ms")
end
for _, db in ipairs { memory, file } do
  assert(db:execute("CREATE TABLE IF NOT EXISTS t (v)"))
end
coroutine.spawn(function()
  for n = 1, math.huge do
    process.spawn("app:attack", "app:attackers", n)
    time.sleep("5ms")
  end
end)
for n = 1, 20 do
  coroutine.spawn(function()
    while true do
      local db = n % 2 == 0 and memory or file
      local _, err = db:query(ENDLESS[n % #ENDLESS + 1])
      local kind = err and err:kind()
      assert(kind == errors.TIMEOUT or kind == errors.UNAVAILABLE or kind == errors.RATE_LIMITED, err)
    end
  end)
end
time.sleep("1h")
