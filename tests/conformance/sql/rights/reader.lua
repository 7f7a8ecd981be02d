return function()
  local db = assert(sql.get("db"))
  local refused = {}
  local function try(name, method, text)
    local none, err = db[method](db, text)
    assert(none == nil)
    refused[name] = err:kind()
  end
  try("denied insert", "execute", "INSERT INTO t VALUES (2)")
  try("denied query", "query", "DELETE FROM t RETURNING v")
  try("denied with", "query", "WITH gone AS (SELECT 1 AS v) DELETE FROM t WHERE v IN (SELECT v FROM gone)")
  try("denied prepare", "prepare", "DELETE FROM t")
  try("denied table", "execute", "/* SELECT */ CREATE TABLE u (v INTEGER)")
  try("several", "execute", "SELECT 1; DELETE FROM t")
  local tx = assert(db:begin())
  local none, err = tx:execute("DELETE FROM t")
  assert(none == nil)
  refused["denied in a transaction"] = err:kind()
  assert(tx:rollback())
  tx = assert(db:begin())
  local transaction = tx:query("SELECT v FROM t")[1].v
  assert(tx:commit())
  return {
    read = db:query("SELECT v FROM t")[1].v,
    with = db:query("WITH a AS (SELECT v FROM t) SELECT v FROM a WHERE 'insert' <> 'update'")[1].v,
    transaction = transaction,
    refused = refused,
  }
end
