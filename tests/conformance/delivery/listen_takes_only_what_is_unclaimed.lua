-- A later `listen` leaves the inbox's messages
-- there, and takes over unclaimed ones.
-- shows: D-5
local me = process.pid()
process.send(me, "t", "before both")
local inbox = process.inbox()
local t = process.listen("t")
process.send(me, "t", "after both")

assert(inbox:receive():payload() == "before both")
assert(t:receive() == "after both")
