-- The errors of stops are told as those of other calls are, but for a target that is not
-- there: it may have ended by right.
-- options: --log off
-- shows: ME-3
-- stderr: main.lua:45: the error of process.cancel is discarded: deadline is not a duration
-- stderr: main.lua:46: the error of process.terminate is discarded:
-- stderr: main.lua:47: the error of process.unmonitor is discarded:
-- stderr: main.lua:48: the error of process.unlink is discarded:
-- stderr: main.lua:49: the error of process.groups.leave is discarded:
-- stderr: main.lua:50: the error of server.stop is discarded:
-- stderr: main.lua:51: the error of supervisor.stop is discarded:
-- stderr: main.lua:52: the error of supervisor.stop_child is discarded: child is missing
-- stderr: main.lua:53: the error of pool.stop is discarded: unknown request 'stop'
-- stderr: main.lua:54: the error of registry.stop is discarded: key is text or an integer
-- stderr: main.lua:55: the error of task.cancel is discarded: task is missing
-- stderr: main.lua:56: the error of funcs.async is discarded: definition not found
-- stderr: main.lua:57: the error of executor:async is discarded: definition not found
-- stderr: denied.lua:3: the error of process.cancel is discarded:
-- stderr: denied.lua:4: the error of process.terminate is discarded:
-- stderr: denied.lua:5: the error of server.stop is discarded:
-- unsaid: main.lua:60:
-- unsaid: main.lua:61:
-- unsaid: main.lua:62:
-- unsaid: main.lua:63:
-- unsaid: main.lua:64:
-- unsaid: main.lua:65:
-- unsaid: main.lua:66:
-- unsaid: main.lua:67:
-- unsaid: main.lua:68:
-- unsaid: main.lua:69:
-- unsaid: main.lua:70:
-- unsaid: main.lua:71:
-- unsaid: main.lua:72:
-- unsaid: main.lua:73:
-- unsaid: main.lua:74:
-- unsaid: main.lua:75:
-- unsaid: main.lua:76:
-- unsaid: main.lua:77:
local pool, registry, server = require("pool"), require("registry"), require("server")
local supervisor, task = require("supervisor"), require("task")
local top = assert(supervisor.start {})
local ended = assert(process.spawn_monitored("app:ends"))
process.events():receive()

process.cancel(top, "the shop closes")
process.terminate("")
process.unmonitor("")
process.unlink("")
process.groups.leave("")
server.stop("")
supervisor.stop("")
supervisor.stop_child(top)
pool.stop(top)
registry.stop(top, {})
task.cancel(nil)
funcs.async("app:nothing")
funcs.new():async("app:nothing")

-- A target that has ended is no mistake; nor is an error that is taken or caught.
process.cancel(ended)
process.terminate(ended)
process.unmonitor(ended)
process.unlink(ended)
process.cancel("nobody", "1s", "the shop closes")
server.stop(ended)
supervisor.stop("nobody")
supervisor.stop_child(top, "nobody")
pool.stop(ended)
registry.stop(top, "nobody")
process.groups.leave("nobody")
funcs.async("app:ends")
local _ = process.cancel(top, "the shop closes")
pcall(process.cancel, top, "the shop closes")
local future = funcs.async("app:nothing")
future:response():receive()
assert(future:error():kind() == errors.NOT_FOUND)
assert(select("#", funcs.async("app:nothing")) == 1)

assert(select(2, process.exec("app:denied", nil, top)) == nil)
