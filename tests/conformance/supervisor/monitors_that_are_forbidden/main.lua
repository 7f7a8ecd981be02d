-- A supervisor that may not monitor its children knows of their ends by their spawn, and
-- answers; a start that may not monitor its starter says so.
-- shows: SU-20
local pool, supervisor = require("pool"), require("supervisor")

local events = process.events()
local top = assert(process.with_context({}):with_name("top"):spawn_monitored("app:watched"))
local child
repeat
  child = supervisor.find("top", "worker")
until child
assert(supervisor.find("top", child.pid).pid == child.pid and supervisor.count("top").running == 2)
for _, id in ipairs { "worker", "started" } do
  child = supervisor.find("top", id)
  process.terminate(child.pid)
  local again
  repeat
    again = supervisor.find("top", id)
  until again.pid and again.pid ~= child.pid
  assert(again.restarts == 1, again.restarts)
end
assert(supervisor.stop("top"))
assert(events:receive().from == top)

local workers, err = pool.start { worker = "app:worker", size = 1 }
assert(not workers and err:kind() == errors.PERMISSION_DENIED, err)
