-- `upgrade` replaces the code of a process, and keeps its PID, names, links,
-- monitors and unread messages; where the new code does not compile, it fails
-- and the process goes on.
-- shows: U-1, U-3, U-5, U-6, U-11
local events, answers = process.events(), process.listen("answer")
local pid = assert(process.with_context({ k = "v" }):with_name("server"):spawn_monitored("app:old", "app:processes", process.pid()))
assert(process.send(pid, "question", 1))
assert(process.send(pid, "question", 2))
assert(process.send(pid, "question", 3))
assert(answers:receive() == "old 1")
assert(process.send("server", "upgrade", "app:broken"))
assert(answers:receive() == "still old")
assert(process.send("server", "upgrade", "app:new"))
assert(answers:receive() == "new 2 v" and answers:receive() == "new 3 v")
assert(process.registry.lookup("server") == pid)
assert(process.send(pid, "finish"))
local event = events:receive()
assert(event.from == pid and event.result.value == "end of new", event.result.error)
