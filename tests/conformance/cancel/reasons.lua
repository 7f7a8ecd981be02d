-- A CANCEL tells its reason; one that replaces another brings its own.
-- shows: K-17, V-3
local events = process.events()
local me = process.pid()
assert(process.cancel(me, nil, "first") == true)
local event = events:receive()
assert(event.kind == process.event.CANCEL and event.reason == "first" and event.deadline == nil)
assert(process.cancel(me, "2h", "late") and process.cancel(me, "1h", "sooner") and process.cancel(me, "3h", "later"))
event = events:receive()
assert(event.reason == "sooner" and time.parse(event.deadline):sub(time.parse(event.at)):hours() == 1.0)
assert(process.cancel(me, "2h", "late") and process.cancel(me, "1h"))
assert(events:receive().reason == nil)
assert(process.cancel(me, nil, ("x"):rep(1024)))
assert(#events:receive().reason == 1024)
for _, reason in ipairs { ("x"):rep(1025), ("x"):rep(66000), "\xff" } do
  local done, err = process.cancel(me, nil, reason)
  assert(done == nil and errors.is(err, errors.INVALID) and tostring(err):find("reason"), tostring(err))
end
local done, err = process.cancel("nobody", nil, "x")
assert(done == nil and errors.is(err, errors.NOT_FOUND))
-- The second argument is a deadline.
done, err = process.cancel(me, "the shop closes")
assert(done == nil and errors.is(err, errors.INVALID))
for _, wrong in ipairs { 7, true, {}, print } do
  assert(not pcall(process.cancel, me, nil, wrong) or type(wrong) == "number")
end
assert(channel.select({ events:case_receive() }, true).default)
