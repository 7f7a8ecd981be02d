-- tries: overflow the stack and the tables of the compiler with statements of a megabyte: nested, repeated, cut off and random ones, and parameters of all kinds
-- end: returned
local db = assert(sql.get("db"))
local function times(text)
  return text:rep(math.min(200000, 1000000 // #text))
end
local forms = {
  "SELECT " .. times("(") .. "1", "SELECT 1" .. times(" + 1"), "SELECT " .. times("-") .. "1", "SELECT " .. times("- ") .. "1",
  "SELECT " .. times("NOT ") .. "1", "SELECT 1" .. times(" AND 1"), "SELECT 1" .. times(", 1"), "SELECT 1" .. times(" UNION ALL SELECT 1"),
  "SELECT " .. times("CASE WHEN 1 THEN ") .. "1", "SELECT * FROM " .. times("(SELECT * FROM "), "SELECT * FROM t" .. times(", t"),
  "SELECT * FROM t" .. times(" JOIN t USING (v)"), "WITH " .. times("a AS (WITH ") .. "SELECT 1", "VALUES (1)" .. times(", (1)"),
  "CREATE TABLE u (a" .. times(", a") .. ")", "CREATE TABLE u (a INTEGER" .. times(" CHECK (a > 1)") .. ")",
  "CREATE VIEW w AS SELECT 1" .. times(" UNION SELECT 1"), "SELECT " .. times("abs(") .. "1", "SELECT 1 IN (1" .. times(", 1") .. ")",
  "INSERT INTO t VALUES (1)" .. times(", (1)"), "SELECT " .. times("x'") .. "'", "SELECT '" .. times("''"), "SELECT \"" .. times("\"\""),
  "/*" .. times("/*"), times("/**/"), times(";"), times("--\n"), times("\n"), times("SELECT 1;"), "SELECT " .. times("?"), "SELECT ?999999999",
  "SELECT " .. times("$a::b(c)::"), "SELECT " .. times("\1"), "SELECT " .. times("é"), "SELECT 1e" .. times("9"), "SELECT 0x" .. times("f"),
  "EXPLAIN " .. times("EXPLAIN "), "CREATE TRIGGER r AFTER INSERT ON t BEGIN " .. times("SELECT 1; ") .. "END",
  "SELECT 1 ORDER BY 1" .. times(", 1"), "SELECT count(*) FILTER (WHERE 1) OVER (PARTITION BY 1" .. times(", 1") .. ")",
  "SELECT json_extract('{}', '$" .. times(".a") .. "')", "SELECT 'a' LIKE '" .. times("%") .. "'", "ALTER TABLE t RENAME TO \"" .. times("x") .. "\"",
}
assert(db:execute("CREATE TABLE t (v)"))
local KINDS = { [errors.INVALID] = true, [errors.TIMEOUT] = true, [errors.UNAVAILABLE] = true, [errors.RATE_LIMITED] = true, [errors.CONFLICT] = true }
local function try(name, statement, params)
  local result, err = db[name](db, statement, params)
  assert(result or KINDS[err:kind()], name .. " " .. statement:sub(1, 60) .. ": " .. tostring(err))
end
for _, form in ipairs(forms) do
  for _, name in ipairs { "query", "execute", "prepare" } do
    try(name, form:sub(1, 1 << 20))
    try(name, form:sub(1, 1000))
  end
end
forms = nil
collectgarbage()
-- Pieces of statements, put together at random.
local pieces = {
  "SELECT", "FROM", "t", "v", "(", ")", "*", ",", "1", "'x'", "WHERE", "=", "INSERT INTO", "VALUES", "WITH", "RECURSIVE", "AS",
  "UNION ALL", "GROUP BY", "OVER", "CASE", "WHEN", "END", "NULL", "?", "$1", "--", "/*", "'", "\"", ";", "DELETE", "UPDATE", "SET",
  "CREATE", "TABLE", "TRIGGER", "VIEW", "INDEX", "ON", "PRAGMA", "ATTACH", "BEGIN", "COMMIT", "EXPLAIN", "QUERY PLAN", "\xc3", "RETURNING",
}
for _ = 1, 2000 do
  local list = {}
  for place = 1, math.random(1, 30) do
    list[place] = pieces[math.random(#pieces)]
  end
  try("execute", table.concat(list, " "))
end
-- Parameters.
for _, params in ipairs {
  { 1, 2, 3 }, { {} }, { print }, { math.huge }, { 0 / 0 }, { ("x"):rep(10000000) }, { sql.as.binary(("x"):rep(10000000)) },
  { errors.new("x") }, { time.now() }, { sql.NULL, json.null, true, false },
} do
  try("query", "SELECT $1 AS v", params)
end
assert(db:query("SELECT 1 AS v")[1].v == 1)
