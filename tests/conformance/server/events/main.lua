-- The end of a process that a server is tied to comes to its handler `event`. Without the
-- handler, the failure of a linked process ends the server, and any other end does not.
-- shows: SV-19
local server = require("server")
local event, terminated = process.listen("event"), process.listen("terminated")
local me = process.pid()

-- With the handler, which sees all events but CANCEL.
local pid = assert(server.start("app:with", me))
local child = assert(server.call(pid, "begin"))
assert(process.send(child, "end", "return"))
local got = event:receive()
assert(got[1] == process.event.EXIT and got[2] == child and got[3] == "none")
assert(server.call(pid, "here") == "here")

child = assert(server.call(pid, "begin"))
assert(process.send(child, "end", "fail"))
local kinds = {}
for _ = 1, 2 do
  got = event:receive()
  kinds[got[1]] = true
  assert(got[2] == child and got[3]:find("no luck", 1, true), got[3])
end
assert(kinds[process.event.EXIT] and kinds[process.event.LINK_DOWN])
-- The handler returns a decision.
assert(terminated:receive() == "seen enough")

pid = assert(server.start("app:with", me))
assert(server.stop(pid))
assert(terminated:receive() == "normal")
local _, came = event:receive(0)
assert(not came, "CANCEL is no event of the handler")

-- Without it.
pid = assert(server.start("app:without", me, { monitor = true }))
child = assert(server.call(pid, "begin"))
assert(process.send(child, "end", "return"))
local failing = assert(server.call(pid, "begin"))
assert(server.call(pid, "here") == "here")
assert(process.send(failing, "end", "fail"))
local exit = process.events():receive()
assert(exit.kind == process.event.EXIT and exit.from == pid)
local why = "linked process " .. failing .. " failed: no luck"
assert(exit.result.error:find(why, 1, true), exit.result.error)
assert(exit.result.cause:kind() == errors.CONFLICT)
assert(terminated:receive():find(why, 1, true))
