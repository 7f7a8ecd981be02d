-- A monitor whose subscription is full says so with its last item.
-- shows: GR-9
local sub, members = assert(process.groups.monitor("g"))
assert(#members == 0)
for _ = 1, 6000 do
  assert(process.groups.join("g") and process.groups.leave("g"))
end
for n = 1, 9999 do
  local item = sub:channel():receive()
  assert(item.kind == (n % 2 == 1 and "member.joined" or "member.left"), n)
end
local last = sub:channel():receive()
assert(last.system == "pg" and last.kind == "missed" and last.path == nil)
assert(process.groups.join("g"))
assert(channel.select({ sub:channel():case_receive() }, true).default)
assert(sub:close() and sub:close())
assert(select(2, sub:channel():receive()) == false)
sub, members = assert(process.groups.monitor("g"))
assert(members[1] == process.pid() and process.groups.leave("g"))
assert(sub:channel():receive().kind == "member.left")
