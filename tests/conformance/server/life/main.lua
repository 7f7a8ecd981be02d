-- terminate and upgrade of a server, and a definition that is started without `start`.
-- shows: SV-6, SV-7
local server = require("server")
local terminated = process.listen("terminated")

local pid = assert(server.start("app:life", process.pid(), { monitor = true }))
assert(server.stop(pid))
assert((terminated:receive()) == "normal")
local event = process.events():receive()
assert(event.from == pid and event.result.error == nil)

pid = assert(process.spawn("app:life", nil, process.pid()))
local value, err = server.call(pid, "raise")
assert(value == nil and tostring(err):find("life.lua:14: raised"), err)
assert(terminated:receive():find("raised"))

pid = assert(server.start("app:life", process.pid()))
assert(server.call(pid, "get") == 1)
assert(server.call(pid, "upgrade") == "upgrading")
assert(server.call(pid, "get") == 101)
assert(server.call(pid, "end") == "done")
