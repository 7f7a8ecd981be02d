-- Blocking calls work at any depth of `pcall` and `xpcall`, and errors raised
-- after a switch are caught where they should be.
-- shows: O-3
local ch, other = channel.new(), channel.new()
coroutine.spawn(function()
  while true do
    local value, ok = ch:receive()
    if not ok then
      return
    end
    other:send(value)
  end
end)

local function echo(value)
  ch:send(value)
  return (other:receive())
end

local function nested(depth)
  if depth == 0 then
    return echo("deep")
  end
  local ok, value = pcall(nested, depth - 1)
  assert(ok)
  return value
end
assert(nested(50) == "deep")

local ok, value = xpcall(echo, debug.traceback, 7)
assert(ok and value == 7)
ok, value = pcall(function()
  echo(1)
  error("after a switch", 0)
end)
assert(not ok and value == "after a switch")
ok, value = xpcall(function()
  echo(1)
  error("raised", 0)
end, function(message)
  return "handled " .. message
end)
assert(not ok and value == "handled raised")
