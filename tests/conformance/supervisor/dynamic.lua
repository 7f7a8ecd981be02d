-- A supervisor of strategy `dynamic` begins without children. Each is the template and
-- what its start adds; it is forgotten when it is stopped or ends for good.
-- shows: SU-10

local supervisor = require("supervisor")

local me = process.id():match("[^#]+")

return function(role, main, ...)
  if role then
    process.send(main, "up", ...)
    return process.listen("end"):receive()
  end
  local up, events = process.listen("up"), process.events()
  local pid = assert(supervisor.start {
    strategy = "dynamic", max_children = 3, max_restarts = 100,
    child = { definition = me, args = { "child", process.pid() }, restart = "transient", shutdown = "kill" },
  })
  assert(supervisor.count(pid).children == 0)
  local first = assert(supervisor.start_child(pid, { args = { "first", 1 } }))
  local got = up:receive()
  assert(got.n == 2 and got[1] == "first" and got[2] == 1)
  local second = assert(supervisor.start_child(pid, { args = { "second" }, restart = "temporary" }))
  local third = assert(supervisor.start_child(pid, {}))
  local begun = { [up:receive() or "third"] = true, [up:receive() or "third"] = true }
  assert(begun.second and begun.third)
  local fourth, err = supervisor.start_child(pid, {})
  assert(not fourth and err:kind() == errors.RATE_LIMITED and err:retryable())

  -- A failure starts a transient one again, with its own arguments.
  process.terminate(first)
  got = up:receive()
  assert(got[1] == "first" and not supervisor.find(pid, first))
  -- A return, a temporary end and a stop make room.
  for _, child in ipairs { second, third } do
    assert(process.monitor(child))
  end
  process.terminate(second)
  process.send(third, "end")
  for _ = 1, 2 do
    events:receive()
  end
  -- The supervisor may hear of the ends later than this process.
  repeat until supervisor.count(pid).children == 1
  assert(supervisor.stop_child(pid, supervisor.children(pid)[1].pid))
  assert(#supervisor.children(pid) == 0)
  assert(supervisor.start_child(pid, { id = "named", args = { "again" } }))
  assert(supervisor.find(pid, "named") and up:receive() == "again")
end
