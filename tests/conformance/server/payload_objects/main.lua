-- Servers and pools in a program whose messages give objects.
-- shows: SV-1
local server, pool = require("server"), require("pool")

local pid = assert(server.start("app:echo"))
assert(server.call(pid, { 1, { a = 2 } })[2].a == 2)
assert(server.call(pid, "text") == "text")
local adders = assert(pool.start { worker = "app:adder", size = 1 })
assert(pool.run(adders, { 3, 4 }) == 7)
assert(pool.stop(adders) and server.stop(pid))
