-- The kinds of events are plain text.
-- shows: P-6

assert(process.event.CANCEL == "pid.cancel")
assert(process.event.EXIT == "pid.exit")
assert(process.event.LINK_DOWN == "pid.link.down")
assert(process.event.OUTDATED == "pid.outdated")
