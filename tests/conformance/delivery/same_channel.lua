-- inbox, events and listen return the same channel every time.
-- shows: D-9, D-10, D-11

assert(process.inbox() == process.inbox())
assert(process.events() == process.events())
local raw = process.listen("t")
assert(process.listen("t") == raw)
assert(process.listen("t", { message = false }) == raw)
assert(process.listen("u") ~= raw)
local other, err = process.listen("t", { message = true })
assert(other == nil and errors.is(err, errors.CONFLICT))
local messages = process.listen("m", { message = true })
assert(process.listen("m", { message = true }) == messages)
other, err = process.listen("m")
assert(other == nil and errors.is(err, errors.CONFLICT))
other, err = process.listen("x", { unknown = true })
assert(other == nil and errors.is(err, errors.INVALID))
