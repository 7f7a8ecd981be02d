return function()
  local db = assert(sql.get("db"))
  assert(db:query("SELECT count(*) AS n FROM t")[1].n == 3)
  local tx = assert(db:begin())
  assert(tx:execute("DELETE FROM t"))
end
