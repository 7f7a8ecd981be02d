-- Grants and policies tell reading from changing, and what passes for a reading statement
-- changes nothing.
-- shows: SQ-7
local db = assert(sql.get("db"))
assert(db:execute("CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1)"))

local told = assert(process.exec("app:reader", "app:processes"))
assert(told.read == 1 and told.with == 1 and told.transaction == 1)
for name, kind in pairs(told.refused) do
  local expected = name:find("^denied") and errors.PERMISSION_DENIED or errors.INVALID
  assert(kind == expected, name .. ": " .. tostring(kind))
end
assert(next(told.refused))

-- The same for a definition that may do both.
local function refused(text)
  local none, err = db:execute(text)
  assert(none == nil and err:kind() == errors.INVALID, text)
end
refused("SELECT 1; DELETE FROM t")
refused("VALUES (1); DROP TABLE t")

-- Policies narrow the grant.
told = assert(process.exec("app:clerk", "app:processes"))
assert(told.read == 1 and told.can_read and not told.can_write and told.can_get)
for _, message in ipairs { told.write, told.begin } do
  assert(message:find("not allowed: sql.write on app:db", 1, true) == 1, message)
end
assert(told.action == "sql.write" and told.resource == "app:db" and told.read_only == 1)
assert(db:query("SELECT v FROM t")[1].v == 1 and #db:query("SELECT v FROM t") == 1)

return function() end
