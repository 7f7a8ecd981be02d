-- Tells what a database has, and then moves amounts between accounts without end, until the program
-- is killed. With the word `look` it changes nothing and waits; with `end` it ends.

local word = ...
local db = assert(sql.get("accounts"))
for _, statement in ipairs {
  "CREATE TABLE IF NOT EXISTS accounts (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL)",
  "CREATE TABLE IF NOT EXISTS entries (round INTEGER, writer INTEGER, n INTEGER, account INTEGER, amount INTEGER)",
  "INSERT OR IGNORE INTO accounts VALUES (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0)",
} do
  assert(db:execute(statement))
end

-- The transactions of each writer in each life: their number, the last one, and the least and the
-- most entries of one.
local TRANSACTIONS <const> = [[
  SELECT round, writer, count(*) AS count, max(n) AS last, min(parts) AS fewest, max(parts) AS most
  FROM (SELECT round, writer, n, count(*) AS parts FROM entries GROUP BY round, writer, n)
  GROUP BY round, writer]]
for _, row in ipairs(assert(db:query(TRANSACTIONS))) do
  print("has", row.round, row.writer, row.count, row.last, row.fewest, row.most)
end
local WRONG <const> = [[
  SELECT count(*) AS n
  FROM accounts LEFT JOIN (SELECT account, sum(amount) AS sum FROM entries GROUP BY account)
  ON id = account
  WHERE balance <> coalesce(sum, 0)]]
print("ready", assert(db:query(WRONG))[1].n)

if word ~= "end" then
  if word ~= "look" then
    for writer = 1, 8 do
      assert(process.spawn_linked("app:writer", "app:processes", writer, word))
    end
  end
  process.events():receive()
end
