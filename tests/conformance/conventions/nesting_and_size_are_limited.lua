-- A hundred tables may stand inside one another, and a message may have
-- max_message bytes; more is refused and not sent.
-- shows: C-14, C-15, C-16

local inbox = process.inbox()

local function nested(depth)
  local value = {}
  for _ = 2, depth do
    value = { value }
  end
  return value
end

assert(process.send(process.pid(), "deep", nested(100)))
local value, depth = inbox:receive():payload(), 1
while value[1] do
  value, depth = value[1], depth + 1
end
assert(depth == 100)

local sent, err = process.send(process.pid(), "deep", nested(101))
assert(sent == nil and errors.is(err, errors.INVALID), err)
sent, err = process.send(process.pid(), "large", ("x"):rep(2 << 20))
assert(sent == nil and errors.is(err, errors.INVALID), err)
assert(process.send(process.pid(), "large", ("x"):rep(1000000)))
assert(#inbox:receive():payload() == 1000000)
