-- A database is there for definitions that are granted it, and not found for others.
-- shows: SQ-1
local db = assert(sql.get("db"))
assert(tostring(db) == "sql.Database{}" and tostring(sql.open("app:db")) == "sql.Database{}")
assert(db:type() == sql.type.SQLITE or db:type() == sql.type.POSTGRES)
assert(db:execute("CREATE TABLE t (v INTEGER)").rows_affected == 0)
for _, id in ipairs { "none", "app:none", "x:db", "hidden" } do
  local none, err = sql.get(id)
  assert(none == nil and err:kind() == errors.NOT_FOUND, id)
end
for _, id in ipairs { "", "\xff" } do
  local none, err = sql.get(id)
  assert(none == nil and err:kind() == errors.INVALID)
end

-- Another definition has its own grants, for every operation.
local told = assert(process.exec("app:other", "app:processes"))
local missing = "database not found: app:db; declare it by [databases.\"app:db\"], and grant it by "
  .. "sql = [\"app:db\"] in [grants.\"app:other\"], or by --sql app:db"
assert(told.hidden == "sql.Database{}" and told.db == missing, told.db)
for operation, message in pairs(told.operations) do
  assert(message == missing, operation .. ": " .. message)
end

local stats = assert(db:stats())
assert(stats.max_open_connections >= 1 and stats.open_connections == stats.in_use + stats.idle)
assert(db:release() and db:release() and tostring(db) == "sql.Database{released}")
for _, name in ipairs { "query", "execute", "prepare", "begin", "transaction", "type", "stats" } do
  local none, err = db[name](db, name == "transaction" and print or nil)
  assert(none == nil and err:kind() == errors.INVALID, name)
end

return function() end
