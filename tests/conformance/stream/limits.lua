-- A process has a number of pipes, and gets another one when both sides of one are closed.
-- shows: SM-5
local pipes = {}
for n = 1, 16 do
  local r, w = assert(stream.pipe())
  pipes[n] = { r, w }
end
local function refused()
  local r, err = stream.pipe()
  assert(r == nil and errors.is(err, errors.RATE_LIMITED) and err:retryable(), tostring(err))
  local details = err:details()
  assert(details.limit == "max_pipes" and details.value == 16 and details.host == "app:processes")
end
refused()
pipes[1][1]:close()
refused()
pipes[1][2]:close()
assert(stream.pipe())

return function() end
