-- A CANCEL leaves a request alone: its process decides.
-- shows: HC-7
-- options: --listen 127.0.0.1:9090 --http http://127.0.0.1:9090,private
-- arguments: http://127.0.0.1:9090
local at = ...
assert(process.registry.register("main"))
local begun, told = process.listen("begun"), process.listen("told")

local child = assert(process.spawn("app:child", "app:processes", at))
local handler = begun:receive()
assert(process.cancel(child))
assert(told:receive() == process.event.CANCEL)
-- The request is still there, and is answered after the CANCEL was read.
assert(process.send(handler, "go"))
assert(told:receive() == "answered")

os.exit(0)
