-- tries: fill the memory of the runtime with pipes that nobody reads, by 200 processes that each fill as many as they get and wait to write more; use streams that are not theirs
-- end: returned
-- grows: 384
local parent = ...
if parent then
  local pipes = {}
  while true do
    local r, w = stream.pipe()
    if not r then
      assert(errors.is(w, errors.RATE_LIMITED) and w:details().limit == "max_pipes", w)
      break
    end
    pipes[#pipes + 1] = { r, w }
    assert(w:write(("x"):rep(65536)) == 65536)
    coroutine.spawn(function() w:write(("x"):rep(65536)) end)
  end
  process.send(parent, "full", #pipes)
  process.inbox():receive()
end
for _, operation in ipairs { "read", "write", "flush", "seek", "stat", "close" } do
  for _, number in ipairs { 0, -1, 1, 7, 1 << 32, math.maxinteger, 0.5, "1", {} } do
    local value, err = capability.call("stream." .. operation, number, "x")
    assert(value == nil and errors.is(err, errors.INVALID), operation)
  end
end
local full = process.listen("full")
for _ = 1, 200 do
  assert(process.spawn_linked("app:attack", "app:attackers", process.pid()))
end
local total = 0
for _ = 1, 200 do total = total + full:receive() end
assert(total == 1024, total)
