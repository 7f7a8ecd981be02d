-- A transaction is seen once it is committed, ends once, and ends with its process.
-- shows: SQ-5, SQ-6
local db = assert(sql.get("db"))
assert(db:execute("CREATE TABLE t (v INTEGER PRIMARY KEY)"))

local function count()
  return db:query("SELECT count(*) AS n FROM t")[1].n
end

-- Commit and rollback.
for _, ending in ipairs { "rollback", "commit" } do
  local tx = assert(db:begin { isolation = sql.isolation.SERIALIZABLE })
  assert(tostring(tx) == "sql.Transaction{}" and tx:db_type() == db:type())
  assert(tx:execute("INSERT INTO t VALUES (1)").rows_affected == 1)
  assert(tx:query("SELECT count(*) AS n FROM t")[1].n == 1)
  local select = assert(tx:prepare("SELECT v FROM t WHERE v = $1"))
  assert(select:query({ 1 })[1].v == 1)
  -- One for each process.
  local none, err = db:begin()
  assert(none == nil and err:kind() == errors.CONFLICT)
  assert(tx[ending](tx))
  for _, name in ipairs { "query", "execute", "prepare", "commit", "rollback", "savepoint", "db_type" } do
    none, err = tx[name](tx, "SELECT 1")
    assert(none == nil and err:kind() == errors.INVALID, name)
  end
  none, err = select:query { 1 }
  assert(none == nil and err:kind() == errors.INVALID)
  assert(count() == (ending == "commit" and 1 or 0))
end

-- Savepoints, also after a statement that has failed.
local tx = assert(db:begin())
assert(tx:execute("INSERT INTO t VALUES (2)"))
assert(tx:savepoint("one") and tx:execute("INSERT INTO t VALUES (3)") and tx:savepoint("two_2"))
local _, err = tx:execute("INSERT INTO t VALUES (2)")
assert(err:kind() == errors.CONFLICT)
assert(tx:rollback_to("two_2") and tx:release("two_2"))
assert(tx:query("SELECT count(*) AS n FROM t")[1].n == 3)
assert(tx:rollback_to("one") and tx:query("SELECT count(*) AS n FROM t")[1].n == 2)
for _, name in ipairs { "", "a b", 'a"', "ä", ("x"):rep(49) } do
  _, err = tx:savepoint(name)
  assert(err:kind() == errors.INVALID, name)
end
assert(tx:commit() and count() == 2)

-- A transaction that only reads.
tx = assert(db:begin { read_only = true })
_, err = tx:execute("INSERT INTO t VALUES (9)")
assert(err:kind() == errors.INVALID)
assert(tx:rollback())
_, err = db:begin { isolation = "chaos" }
assert(err:kind() == errors.INVALID)
_, err = db:begin { unknown = true }
assert(err:kind() == errors.INVALID)

-- The transaction of a function.
local one, two = db:transaction(function(inner)
  assert(inner:execute("INSERT INTO t VALUES (4)"))
  return "one", "two"
end)
assert(one == "one" and two == "two" and count() == 3)
local none, why = db:transaction(function(inner)
  assert(inner:execute("DELETE FROM t"))
  return nil, "why"
end)
assert(none == nil and why == "why" and count() == 3)
assert(db:transaction(function(inner)
  assert(inner:execute("DELETE FROM t"))
  return false
end) == false and count() == 3)
local ok, raised = pcall(db.transaction, db, function(inner)
  assert(inner:execute("DELETE FROM t"))
  error("raised", 0)
end)
assert(not ok and raised == "raised" and count() == 3)
db:transaction(function(inner)
  assert(inner:execute("DELETE FROM t") and inner:rollback())
end)
assert(count() == 3)

-- The end of a process, and an upgrade, roll its transaction back.
local events = process.events()
for _, how in ipairs { "return", "error", "terminate", "upgrade" } do
  local child = assert(process.spawn_monitored("app:child", "app:processes", how, process.pid()))
  if how == "terminate" then
    process.inbox():receive()
    assert(process.terminate(child))
  end
  repeat
    local event = events:receive()
  until event.kind == process.event.EXIT
  assert(count() == 3, how)
end

return function() end
