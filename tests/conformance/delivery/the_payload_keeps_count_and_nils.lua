-- A message carries n values; nils among them, and at the end, count.
-- shows: D-13
local inbox = process.inbox()
local me = process.pid()
assert(process.send(me, "none"))
assert(process.send(me, "nils", nil, 2, nil, nil))
assert(process.send(me, "many", table.unpack({}, 1, 250)))

local none = inbox:receive()
assert(none:topic() == "none" and none:from() == me)
assert(select("#", none:payload()) == 0)

local nils = table.pack(inbox:receive():payload())
assert(nils.n == 4 and nils[1] == nil and nils[2] == 2 and nils[4] == nil)
assert(select("#", inbox:receive():payload()) == 250)
