return function()
  local _, err = sql.get("db")
  local operations = {}
  for operation, arguments in pairs {
    open = {}, stats = {}, query = { false, "SELECT 1" }, execute = { false, "SELECT 1" }, begin = {},
    prepare = { false, "SELECT 1" }, commit = { 1 }, rollback = { 1 }, savepoint = { 1, "a" },
  } do
    local first, second = arguments[1] or nil, arguments[2]
    local _, refused = capability.call("sql." .. operation, "db", first, second)
    operations[operation] = tostring(refused)
  end
  return { hidden = tostring(sql.get("hidden")), db = tostring(err), operations = operations }
end
