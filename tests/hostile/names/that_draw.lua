-- tries: forge what the operator reads, with names of control characters and none of text
-- end: returned
-- unsaid: forged
local pid = process.pid()
for byte = 0, 255 do
  local name = "n" .. string.char(byte) .. "x"
  local done, err = process.registry.register(name, pid)
  assert(done or errors.is(err, errors.INVALID), err)
  assert(done == true or byte >= 128, byte)
end
process.registry.register(("\27]0;forged\7"):rep(90))
assert(not process.registry.register(("\0"):rep(1025)))
assert(process.registry.register("\n2026-01-01T00:00:00Z ERROR warren: forged"))
local _, err = process.registry.register("\n2026-01-01T00:00:00Z ERROR warren: forged", "{app:attackers|0x09999}")
assert(err)
