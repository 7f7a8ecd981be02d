return function()
  local db = assert(sql.get("db"))
  local _, err = db:execute("DELETE FROM t")
  local _, begun = db:begin()
  local tx = assert(db:begin { read_only = true })
  local read_only = tx:query("SELECT v FROM t")[1].v
  assert(tx:commit())
  return {
    read = db:query("SELECT v FROM t")[1].v,
    write = tostring(err), action = err:details().action, resource = err:details().resource,
    begin = tostring(begun), read_only = read_only,
    can_read = security.can("sql.read", "app:db"), can_write = security.can("sql.write", "app:db"),
    can_get = security.can("db.get", "db"),
  }
end
