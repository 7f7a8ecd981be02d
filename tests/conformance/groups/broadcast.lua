-- A broadcast reaches every member once, in the order of the calls, with nils and counts.
-- shows: GR-6
local me, host = process.id():match("[^#]+"), "app:processes"
local MEMBERS <const>, MESSAGES <const> = 300, 50
local child = {}

function child.member(parent)
  assert(process.groups.join("g") and process.groups.join("g"))
  local inbox = process.inbox()
  assert(process.send(parent, "ready"))
  for n = 1, MESSAGES do
    local message = inbox:receive()
    local values = table.pack(message:payload())
    assert(message:topic() == "t" .. n % 2 and message:from() == parent)
    assert(values.n == 3 and values[1] == n and values[2] == nil and values[3].n == n)
  end
  assert(process.send(parent, "done"))
end

return function(role, ...)
  if role then return child[role](...) end
  local ready, done, own = process.listen("ready"), process.listen("done"), process.listen("t1")
  assert(process.groups.broadcast("g", "t") == 0)
  for _ = 1, MEMBERS do
    assert(process.spawn_linked(me, host, "member", process.pid()))
  end
  for _ = 1, MEMBERS do ready:receive() end
  assert(process.groups.join("g"))
  for n = 1, MESSAGES do
    -- A message between two broadcasts stands between them.
    local reached, err = process.groups.broadcast("g", "t" .. n % 2, n, nil, { n = n })
    assert(reached == MEMBERS + 1 and err == nil)
  end
  for _ = 1, MEMBERS do done:receive() end
  assert(own:receive()[1] == 1)
end
