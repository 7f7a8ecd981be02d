-- At the deadline of a cancel a process still alive is terminated; also one
-- that never looks.
-- shows: K-2
if ... then
  while true do end
end

local events = process.events()
local pid = assert(process.spawn_monitored("app:a_deadline_ends_who_stays", "app:processes", "child"))
assert(process.cancel(pid, "20ms"))
local event = events:receive()
assert(event.from == pid and event.result.error == "process terminated", event.result.error)
