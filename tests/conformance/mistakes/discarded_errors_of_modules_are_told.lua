-- The errors of the modules' functions are told as those of `process` are, by the names that
-- the program knows. What is taken, caught or a stop is not.
-- options: --log off
-- shows: ME-3
-- stderr: discarded_errors_of_modules_are_told.lua:46: the error of server.start is discarded: definition not found
-- stderr: discarded_errors_of_modules_are_told.lua:47: the error of server.call is discarded: name not registered: nobody;
-- stderr: discarded_errors_of_modules_are_told.lua:48: the error of server.cast is discarded: name not registered: nobody;
-- stderr: discarded_errors_of_modules_are_told.lua:49: the error of server.reply is discarded: reply: a function
-- stderr: discarded_errors_of_modules_are_told.lua:50: the error of server.run is discarded: worn out;
-- stderr: discarded_errors_of_modules_are_told.lua:51: the error of supervisor.start is discarded: supervisor has the unknown key
-- stderr: discarded_errors_of_modules_are_told.lua:52: the error of supervisor.start_child is discarded: name not registered
-- stderr: discarded_errors_of_modules_are_told.lua:53: the error of supervisor.run is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:54: the error of pool.start is discarded: pool.size
-- stderr: discarded_errors_of_modules_are_told.lua:55: the error of pool.run is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:56: the error of registry.start is discarded: child
-- stderr: discarded_errors_of_modules_are_told.lua:57: the error of registry.start_or_get is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:58: the error of task.async is discarded: definition not found
-- stderr: discarded_errors_of_modules_are_told.lua:59: the error of task.await is discarded: no luck;
-- stderr: discarded_errors_of_modules_are_told.lua:60: the error of events.send is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:61: the error of events.subscribe is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:62: the error of process.groups.join is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:63: the error of process.groups.broadcast is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:64: the error of pg:join is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:65: the error of pg:monitor is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:66: the error of funcs.call is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:67: the error of executor:call is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:68: the error of metrics.counter_inc is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:69: the error of env.set is discarded:
-- stderr: discarded_errors_of_modules_are_told.lua:70: the error of time.sleep is discarded: duration is not a duration
-- unsaid: modules_are_told.lua:74:
-- unsaid: modules_are_told.lua:75:
-- unsaid: modules_are_told.lua:76:
-- unsaid: modules_are_told.lua:77:
-- unsaid: modules_are_told.lua:78:
-- unsaid: modules_are_told.lua:79:
-- unsaid: modules_are_told.lua:80:
-- unsaid: modules_are_told.lua:81:
-- unsaid: modules_are_told.lua:82:
local pool, registry, server = require("pool"), require("registry"), require("server")
local supervisor, task = require("supervisor"), require("task")
local me = process.id():match("[^#]+")
local inbox = process.inbox()
assert(process.send(process.pid(), "call", "answers", 1))
local message, group = inbox:receive(), assert(pg.open("app:group"))

server.start("app:nothing")
server.call("nobody", 1)
server.cast("nobody", 1)
server.reply(message, print)
server.run { init = function() return nil, errors.new("worn out") end }
supervisor.start { children = {}, strategies = {} }
supervisor.start_child("nobody", {})
supervisor.run { children = { { definition = "app:nothing" } } }
pool.start { worker = me, size = 0 }
pool.run("nobody", 1)
registry.start { definition = me, name = "x" }
registry.start_or_get("nobody", 1)
task.async("app:nothing")
task.await(task.async(function() return nil, errors.new("no luck") end))
events.send("warren.own", "kind", "path")
events.subscribe("")
process.groups.join("")
process.groups.broadcast("", "topic")
group:join("")
group:monitor("")
funcs.call("app:nothing")
funcs.new():call("app:nothing")
metrics.counter_inc("no name")
env.set("NOT_GRANTED", "x")
time.sleep("soon")

-- Taken, caught, silenced, and stops, whose targets may end by themselves; nor is a cast to a
-- process that has ended a mistake.
local _ = server.call("nobody", 1)
pcall(server.call, "nobody", 1)
pcall(supervisor.start_child, "nobody", {})
server.cast("nobody", 1) -- lint: off
server.stop("nobody")
supervisor.stop("nobody")
registry.stop("nobody", 1)
server.cast("{app:processes|0xfffff}", 1)
if server.call("nobody", 1) then end
