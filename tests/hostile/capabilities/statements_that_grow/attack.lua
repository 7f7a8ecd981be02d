-- tries: fill the memory, and keep a thread busy, with values of gigabytes: long texts and blobs, many of them in one row, patterns and texts that multiply, tables, indices, sorters and results without end
-- end: returned
-- grows: 800
local db = assert(sql.get("db"))
assert(db:execute("CREATE TABLE t (v); CREATE VIRTUAL TABLE f USING fts5(a)"))
local big = "printf('%.*c', 16000000, 'a')"
local many = {}
for n = 1, 400 do
  many[n] = "zeroblob(16000000) AS c" .. n
end
local function times(n, text, between)
  local list = {}
  for place = 1, n do
    list[place] = text
  end
  return table.concat(list, between)
end
local statements = {
  "SELECT zeroblob(1000000000) AS v", "SELECT randomblob(2147483647) AS v", "SELECT hex(randomblob(16000000)) AS v",
  "SELECT printf('%.*c', 2147483647, 'a') AS v", "SELECT printf('%2147483647d', 1) AS v", "SELECT quote(zeroblob(16000000)) AS v",
  "SELECT " .. table.concat(many, ", "), "SELECT " .. times(900, "randomblob(1000000)", ", "),
  "SELECT " .. times(300, big, " || ") .. " AS v",
  "SELECT instr(" .. big .. ", substr(" .. big .. ", 8000000) || 'b') AS v",
  "SELECT length(replace(" .. big .. ", 'a', " .. big .. ")) AS v",
  "SELECT length(trim(" .. big .. ", " .. big .. ")) AS v",
  "SELECT " .. big .. " LIKE '" .. times(120, "%a", "") .. "b' AS v",
  "SELECT " .. big .. " LIKE " .. big .. " AS v", "SELECT " .. big .. " GLOB '" .. times(100, "*a", "") .. "b' AS v",
  "SELECT json_group_array(" .. big .. ") AS v", "SELECT json('" .. times(2000, "[", "") .. "') AS v",
  "SELECT json_patch('{}', '{}') AS v", "SELECT group_concat(" .. big .. ") AS v FROM (VALUES (1), (2), (3), (4))",
  "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT v FROM n",
  "WITH RECURSIVE n (v) AS (SELECT " .. big .. " UNION ALL SELECT v FROM n) SELECT v FROM n",
  "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT v FROM n ORDER BY randomblob(1000)",
  "WITH RECURSIVE n (v) AS (SELECT randomblob(100) UNION SELECT randomblob(100) FROM n) SELECT count(*) AS v FROM n",
  "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT count(DISTINCT hex(randomblob(500))) AS v FROM n",
  "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) INSERT INTO t SELECT randomblob(10000) FROM n",
  "WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) INSERT INTO f SELECT hex(randomblob(100)) FROM n",
  "CREATE TABLE u AS WITH RECURSIVE n (v) AS (SELECT 1 UNION ALL SELECT v + 1 FROM n) SELECT v, zeroblob(1000000) FROM n",
  "SELECT a FROM f WHERE f MATCH '" .. times(3000, "a", " OR ") .. "'",
  "INSERT INTO f VALUES ('" .. times(200000, "a", " ") .. "')",
  "SELECT length(highlight(f, 0, '[', ']')) AS v FROM f WHERE f MATCH 'a'",
  "SELECT snippet(f, 0, '[', ']', '', 8) AS v FROM f WHERE f MATCH 'a'",
}
local KINDS = { [errors.INVALID] = true, [errors.TIMEOUT] = true, [errors.UNAVAILABLE] = true, [errors.RATE_LIMITED] = true, [errors.INTERNAL] = false }
local failed = 0
for _, statement in ipairs(statements) do
  local rows, err = db:query(statement)
  assert(rows or KINDS[err:kind()], statement:sub(1, 80) .. ": " .. tostring(err))
  failed = failed + (rows and 0 or 1)
  rows = nil
end
assert(failed > 15, failed)
-- The same at a time, by several processes' worth of coroutines.
local waiting = #statements
for _, statement in ipairs(statements) do
  coroutine.spawn(function()
    local rows, err = db:query(statement)
    assert(rows or KINDS[err:kind()], err)
    waiting = waiting - 1
  end)
end
while waiting > 0 do
  time.sleep("10ms")
end
assert(db:query("SELECT 1 AS v")[1].v == 1)
