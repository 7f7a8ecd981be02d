-- A statement that fails is an error of its kind, and changes nothing.
-- shows: SQ-4
local db = assert(sql.get("db"))
assert(db:execute([[
  CREATE TABLE parents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, n INTEGER CHECK (n > 0));
  CREATE TABLE children (parent INTEGER NOT NULL REFERENCES parents (id));
  -- A comment; with a semicolon, and 'a quote
  INSERT INTO parents VALUES (1, 'a;b', 1);]]))

local function refused(kind, text, params)
  for _, name in ipairs { "query", "execute" } do
    local none, err = db[name](db, text, params)
    assert(none == nil and err:kind() == kind, text .. ": " .. tostring(err))
    assert(err:retryable() ~= true, text)
  end
end
for _, text in ipairs {
  "SELEC 1", "SELECT * FROM nothing", "SELECT nothing FROM parents", "INSERT INTO nothing VALUES (1)",
  "", "-- nothing", ";", "SELECT 1 +",
} do
  refused(errors.INVALID, text)
end
for _, text in ipairs {
  "INSERT INTO parents VALUES (1, 'b', 1)", "INSERT INTO parents VALUES (2, 'a;b', 1)",
  "INSERT INTO parents VALUES (2, NULL, 1)", "INSERT INTO parents VALUES (2, 'b', 0)",
  "INSERT INTO children VALUES (2)",
} do
  refused(errors.CONFLICT, text)
end
local _, err = db:execute("INSERT INTO parents VALUES ($1, $2, $3)", { 2, "a;b", 1 })
assert(tostring(err):lower():find("unique", 1, true), err)

local function count()
  return db:query("SELECT count(*) AS n FROM parents")[1].n
end
assert(count() == 1)
-- All of several statements, or none.
_, err = db:execute("INSERT INTO parents VALUES (2, 'b', 2); INSERT INTO parents VALUES (2, 'c', 2)")
assert(err:kind() == errors.CONFLICT and count() == 1)
local done = assert(db:execute("INSERT INTO parents VALUES (2, 'b', 2); UPDATE parents SET n = 3;"))
assert(done.rows_affected == 3 and count() == 2)
-- One statement where there are rows or values.
_, err = db:query("SELECT 1; SELECT 2")
assert(err:kind() == errors.INVALID)
_, err = db:execute("DELETE FROM parents WHERE id = $1; DELETE FROM children", { 1 })
assert(err:kind() == errors.INVALID and count() == 2)
_, err = db:prepare("SELECT * FROM nothing")
assert(err:kind() == errors.INVALID)

-- Rows of a change.
local rows = assert(db:query("INSERT INTO parents VALUES ($1, $2, $3) RETURNING id, name", { 3, "c", 1 }))
assert(rows[1].id == 3 and rows[1].name == "c" and count() == 3)
done = assert(db:execute("DELETE FROM parents WHERE id > $1", { 1 }))
assert(done.rows_affected == 2)
assert(db:execute("DELETE FROM parents WHERE id > 100").rows_affected == 0)
assert(db:execute("SELECT * FROM parents").rows_affected == 0)

return function() end
