-- tries: keep others from a database, by transactions that stay open in hundreds of processes, calls that are abandoned half-way, and processes that end in the middle of all
-- end: returned
-- options: --data data
local role = ...
local db = assert(sql.get("db"))
if role then
  for _ = 1, 3 do
    local tx = db:begin { read_only = role % 2 == 0 }
    if tx then
      tx:execute("INSERT INTO t VALUES (1)")
      coroutine.spawn(function()
        tx:query("WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT max(v) FROM n")
      end)
      if role % 5 == 0 then
        error("with an open transaction")
      elseif role % 7 == 0 then
        return time.sleep("1h")
      end
      time.sleep("5ms")
      tx:rollback()
    end
  end
  return
end
assert(db:execute("CREATE TABLE IF NOT EXISTS t (v)"))
local children = {}
for n = 1, 300 do
  children[n] = process.spawn("app:attack", "app:attackers", n)
end
-- The last of the transactions ends in its time.
local seen
repeat
  local done, err = db:execute("INSERT INTO t VALUES (2)")
  seen = done
  assert(done or err:kind() == errors.UNAVAILABLE or err:kind() == errors.RATE_LIMITED, err)
until seen
for _, child in ipairs(children) do
  process.terminate(child)
end
repeat
  seen = db:query("SELECT count(*) AS n FROM t WHERE v = 1")
until seen
assert(seen[1].n == 0, seen[1].n)
