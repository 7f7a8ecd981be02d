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
local me, host, large = process.id():match("[^#]+"), "app:processes", ("x"):rep(2 << 20)
local spawner = assert(process.with_context {})
for name, call in pairs {
  spawn = function() return process.spawn(me, host, large) end,
  exec = function() return process.exec(me, host, large) end,
  upgrade = function() return process.upgrade(nil, large) end,
  context = function() return spawner:with_context({ large = large }) end,
  message = function() return spawner:with_message("t", large) end,
} do
  local value, err = call()
  assert(value == nil and errors.is(err, errors.INVALID), name)
  assert(err:find("max_message", 1, true), err)
end
assert(process.send(process.pid(), "large", ("x"):rep(1000000)))
assert(#inbox:receive():payload() == 1000000)
