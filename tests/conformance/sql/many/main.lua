-- Changes of several processes at a time: none is lost, and none is half done.
-- shows: SQ-5
local WORKERS <const>, CHANGES <const> = 8, 25

local db = assert(sql.get("db"))
assert(db:execute("CREATE TABLE counts (id INTEGER PRIMARY KEY, n INTEGER NOT NULL)"))
assert(db:execute("INSERT INTO counts VALUES (1, 0), (2, 0), (3, 1000)"))
local events = process.events()
for _ = 1, WORKERS do
  assert(process.spawn_monitored("app:worker", "app:processes", CHANGES))
end
for _ = 1, WORKERS do
  local event
  repeat
    event = events:receive()
  until event.kind == process.event.EXIT
  assert(not event.result.error, event.result.error)
end
local n = {}
for _, row in ipairs(db:query("SELECT id, n FROM counts")) do
  n[row.id] = row.n
end
assert(n[1] == WORKERS * CHANGES, n[1])
assert(n[2] == WORKERS * CHANGES and n[2] + n[3] == 1000, n[2])

return function() end
