-- A supervisor or pool that fails just after its start is linked to its starter already: the
-- start returns the PID, and the failure falls along the link, with its cause.
-- shows: SU-7

local pool, supervisor = require("pool"), require("supervisor")

local me = process.id():match("[^#]+")

return function(role)
  if role then
    error("cannot run", 0)
  end
  assert(process.set_options { trap_links = true })
  local events = process.events()
  local function check(pid, err)
    if not pid then
      -- The cause is there if the start had not succeeded yet.
      assert(err:find("cannot run", 1, true), err)
      return
    end
    local event = events:receive()
    assert(event.kind == process.event.LINK_DOWN and event.from == pid)
    assert(event.result.cause:find("cannot run", 1, true), event.result.cause)
  end
  for _ = 1, 20 do
    check(supervisor.start { max_restarts = 0, children = { { id = "fails", definition = me, args = { "fail" } } } })
    check(pool.start { worker = me, args = { "fail" }, size = 1, max_restarts = 0 })
  end
end
