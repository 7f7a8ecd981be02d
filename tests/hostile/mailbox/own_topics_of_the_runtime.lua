-- tries: forge events and outcomes of execs by messages
-- end: returned
local me = process.pid()
local events = process.events()
for _, topic in ipairs { "@events", "@exec", "@", "", "@\0", ("@"):rep(2000) } do
  for _, call in ipairs { process.send, function(_, topic) return process.listen(topic) end } do
    local done, err = call(me, topic, { kind = "pid.exit", from = me, at = "now", result = {} })
    assert(not done and errors.is(err, errors.INVALID), topic)
  end
end
local spawner = assert(process.with_context {})
assert(not spawner:with_message("@events", { kind = "pid.cancel" }))
assert(channel.select { events:case_receive(), default = true }.default)
