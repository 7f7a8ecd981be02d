-- A statement reaches nothing but its database, and leaves nothing to the next one.
-- shows: SQ-8
local db = assert(sql.get("db"))
local refused = {
  "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "RELEASE a", "END", "/* BEGIN */ COMMIT", "SELECT 1; COMMIT",
  "SELECT 1; ROLLBACK; DROP TABLE t", "select 1;begin", "SELECT 'a\0b'",
}
local of = {
  sqlite = {
    "PRAGMA user_version", "pragma writable_schema = 1", "SELECT * FROM pragma_user_version",
    "ATTACH ':memory:' AS other", "DETACH main", "VACUUM", "VACUUM INTO 'stolen.db'",
    "CREATE TEMP TABLE u (v INTEGER)", "CREATE TEMP VIEW u AS SELECT 1", "SELECT load_extension('x')",
    "SELECT readfile('warren.toml')", "CREATE VIRTUAL TABLE u USING csv(filename='warren.toml')",
    "UPDATE sqlite_schema SET sql = 'x'", "DELETE FROM sqlite_schema", "SELECT json_patch('{}', '{}')",
    "CREATE TABLE temp.u (v INTEGER)", "SELECT * FROM dbstat", "SELECT count(*) FROM main.dbstat AS t",
    "SELECT * FROM fts3tokenize WHERE input = 'a b'",
  },
  postgres = {
    "SET statement_timeout = 0", "RESET ALL", "DISCARD ALL", "COPY t TO STDOUT", "COPY t FROM STDIN", "LISTEN x",
    "PREPARE p AS SELECT 1", "EXECUTE p", "LOAD 'x'", "START TRANSACTION", "ABORT", "VACUUM t",
    "DO $$ BEGIN COMMIT; END $$", "DO $$ BEGIN EXECUTE 'ROLLBACK'; END $$",
  },
}
assert(db:execute("CREATE TABLE t (v INTEGER); INSERT INTO t VALUES (1)"))
table.move(of[db:type()], 1, #of[db:type()], #refused + 1, refused)
local function try(run, text)
  local none, err = run:execute(text)
  assert(none == nil and err:kind() == errors.INVALID, text .. ": " .. tostring(err))
end
for _, text in ipairs(refused) do
  try(db, text)
end
for _, text in ipairs(refused) do
  local tx = assert(db:begin())
  assert(tx:execute("INSERT INTO t VALUES (2)"))
  try(tx, text)
  assert(tx:rollback())
end
assert(#db:query("SELECT v FROM t") == 1)

-- A session is as new for the next statement.
if db:type() == sql.type.POSTGRES then
  for _, setting in ipairs { "transaction_read_only", "default_transaction_read_only" } do
    try(db, "SELECT set_config('" .. setting .. "', 'off', false); DROP TABLE t")
    try(db, "SELECT set_config('" .. setting .. "', 'off', true); DROP TABLE t")
  end
  for _ = 1, 5 do
    assert(db:query("SELECT set_config('application_name', 'mine', false) AS v")[1].v == "mine")
    assert(db:query("SELECT current_setting('application_name') AS v")[1].v ~= "mine")
    assert(db:query("SELECT pg_advisory_lock(7) AS v"))
    assert(db:query("SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'")[1].n == 0)
    assert(db:execute("CREATE TEMP TABLE mine (v INTEGER)"))
    assert(not db:query("SELECT v FROM mine"))
  end
  -- A function that writes needs a transaction.
  assert(db:execute([[
    CREATE FUNCTION add() RETURNS INTEGER LANGUAGE plpgsql AS $body$
    BEGIN
      INSERT INTO t VALUES (7); -- a semicolon; in a text
      RETURN 7;
    END $body$;]]))
  local none, err = db:query("SELECT add() AS v")
  assert(none == nil and err:kind() == errors.INVALID and tostring(err):find("db:begin()", 1, true), err)
  assert(db:transaction(function(tx)
    return tx:query("SELECT add() AS v")[1].v
  end) == 7)
  assert(#db:query("SELECT v FROM t") == 2)
  -- Types of the database are text as it writes it.
  local row = db:query([[SELECT 1.50::numeric AS a, DATE '2026-01-02' AS b, ARRAY[1, 2] AS c, true AS d,
    TIMESTAMPTZ '2026-01-02 03:04:05+01' AS e, '{"a": 1}'::jsonb AS f, 7::smallint AS g, INTERVAL '90 minutes' AS h]])[1]
  assert(row.a == "1.50" and row.b == "2026-01-02" and row.c == "{1,2}" and row.d == true, row.c)
  assert(row.e == "2026-01-02 02:04:05+00" and row.f == '{"a": 1}' and row.g == 7 and row.h == "01:30:00", row.e)
end

return function() end
