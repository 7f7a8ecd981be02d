-- Values come back as they went in, NULL is an absent field, and a value is never text of the
-- statement.
-- shows: SQ-2, SQ-3
local db = assert(sql.get("db"))
assert(db:execute("CREATE TABLE t (id INTEGER PRIMARY KEY, i BIGINT, f DOUBLE PRECISION, s TEXT, b BYTEA)"))
local insert = assert(db:prepare("INSERT INTO t (id, i, f, s, b) VALUES ($1, $2, $3, $4, $5)"))
local hostile = "x'); DROP TABLE t; -- \" \\ $1 ? grün"
local rows = {
  { 1, math.maxinteger, 0.1, hostile, "\0\xff\1" },
  { 2, math.mininteger, -1e300, "", sql.as.binary("text") },
  { 3, 0, 5.0, "\n", sql.as.binary("") },
  { 4, -1, 2 ^ -1074, ("ü"):rep(10000), ("\xff\0"):rep(10000) },
}
for _, row in ipairs(rows) do
  local done = assert(insert:execute(row))
  assert(done.rows_affected == 1)
end
local bytes = { "\0\xff\1", "text", "", ("\xff\0"):rep(10000) }
local found = assert(db:query("SELECT * FROM t ORDER BY id"))
assert(#found == 4)
for n, row in ipairs(found) do
  local expected = rows[n]
  assert(row.id == n and row.i == expected[2] and math.type(row.i) == "integer", n)
  assert(row.f == expected[3] and math.type(row.f) == "float", n)
  assert(row.s == expected[4] and row.b == bytes[n], n)
end

-- NULL, in both directions.
assert(insert:execute { 5, sql.NULL, json.null, sql.as.null(), sql.NULL })
local row = db:query("SELECT * FROM t WHERE i IS NULL AND f IS NULL AND s IS NULL AND b IS NULL")[1]
assert(row.id == 5 and next(row, "id") == nil and next(row) == "id")
assert(#db:query("SELECT * FROM t WHERE id > 100") == 0)
-- Of two columns with one name the later counts.
row = db:query("SELECT 1 AS a, 2 AS b, 3 AS a")[1]
assert(row.a == 3 and row.b == 2)

-- A value takes a placeholder, whatever it looks like.
assert(#db:query("SELECT id FROM t WHERE s = $1", { "x' OR 'x' = 'x" }) == 0)
assert(db:query("SELECT id FROM t WHERE s = $1", { hostile })[1].id == 1)
assert(db:query("SELECT id FROM t WHERE id = $1", { 3.0 })[1].id == 3)

-- As many values as placeholders.
local function refused(params)
  local none, err = db:query("SELECT id FROM t WHERE id = $1 OR id = $2", params)
  assert(none == nil and err:kind() == errors.INVALID)
  return tostring(err)
end
assert(refused({ 1 }):find("2 placeholders, and params has 1 values", 1, true))
assert(refused({ 1, nil, 3 }):find("sql.NULL", 1, true))
assert(refused(nil):find("0 values", 1, true))
assert(refused({ 1, 2, 3 }):find("3 values", 1, true))
assert(refused({ 1, {} }) == "params[2] is a table, which no column holds")
assert(refused({ 1, print }):find("params[2]: a function", 1, true))
assert(refused({ one = 1 }):find("params is a list", 1, true))

assert(insert:close())
local none, err = insert:execute(rows[1])
assert(none == nil and err:kind() == errors.INVALID)
none, err = insert:close()
assert(none == nil and err:kind() == errors.INVALID)

return function() end
