-- Without a host a process runs where its definition belongs, with its arguments whole.
-- shows: S-18

local spawner = assert(process.with_context {})
local replies = process.listen("reply")
process.registry.register("main")

local function reply()
  return table.unpack((replies:receive()))
end

for _, spawn in ipairs {
  process.spawn, process.spawn_monitored, process.spawn_linked, process.spawn_linked_monitored,
} do
  local pid = assert(spawn("app:free"))
  local from, count = reply()
  assert(from == pid and pid:find("^{app:processes|") and count == 0, pid)
  pid = assert(spawn("app:free", nil, nil, "two", nil))
  from, count = reply()
  assert(from == pid and count == 3, count)
  pid = assert(spawn("app:bound", nil, "one"))
  from, count = reply()
  assert(from == pid and pid:find("^{app:own|") and count == 1, pid)
end

for _, name in ipairs { "spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored" } do
  local pid = assert(spawner[name](spawner, "app:bound"))
  local from, count = reply()
  assert(from == pid and pid:find("^{app:own|") and count == 0, pid)
end

assert(process.exec("app:free", nil, "a", nil) == 2)
assert(process.exec("app:bound") == 0)
assert(spawner:exec("app:bound", nil, 1, 2, 3) == 3)

-- A host that is named counts, also if it is wrong.
local value, err = process.spawn("app:bound", "app:processes")
assert(value == nil and errors.is(err, errors.INVALID), err)
value, err = process.spawn("app:free", "")
assert(value == nil and errors.is(err, errors.INVALID) and err:find("leave it out", 1, true), err)
value, err = process.spawn("app:nothing")
assert(value == nil and errors.is(err, errors.NOT_FOUND) and err:find("app:nothing", 1, true), err)
