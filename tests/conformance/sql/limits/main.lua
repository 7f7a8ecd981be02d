-- A statement has its time, and a query its rows.
-- shows: SQ-9
local db = assert(sql.get("db"))
local ENDLESS = "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT max(v) AS v FROM n"
local function numbers(count)
  return "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n WHERE v < " .. count .. ") SELECT v FROM n"
end
for _, begun in ipairs { false, true } do
  local run = begun and assert(db:begin { read_only = true }) or db
  assert(#run:query(numbers(3)) == 3)
  local none, err = run:query(numbers(4))
  assert(none == nil and err:kind() == errors.INVALID)
  assert(tostring(err):find("max_rows = 3", 1, true), err)
  assert(err:details().limit == "max_rows" and err:details().value == 3)
  -- Rows that are not read do not count.
  assert(run:execute(numbers(4)))
  none, err = run:query(ENDLESS)
  assert(none == nil and err:kind() == errors.TIMEOUT and err:retryable(), err)
  assert(err:details().limit == "max_statement" and err:details().value == 300000000, err:details().value)
  assert(not begun or run:rollback())
end
local other = assert(sql.get("short"))
local tx = assert(other:begin())
local err
repeat
  _, err = tx:query("SELECT 1 AS v")
until err
assert(err:kind() == errors.TIMEOUT and err:details().limit == "max_transaction", err)
assert(err:details().value == 50000000, err:details().value)
assert(other:begin())
-- Other limits of a statement.
local long, params = ("x"):rep(1 << 20), {}
for place = 1, 32767 do
  params[place] = 1
end
for text, values in pairs { ["SELECT '" .. long .. "' AS v"] = {}, ["SELECT 1 AS v"] = params } do
  _, err = db:query(text, values)
  assert(err:kind() == errors.INVALID and err:details().limit:find("^max_"), err)
end
assert(db:query("SELECT 1 AS v")[1].v == 1)

return function() end
