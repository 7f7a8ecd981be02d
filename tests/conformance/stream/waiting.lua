-- A write waits for room and a read for bytes, each in its coroutine alone.
-- shows: SM-2, SM-4
local r, w = assert(stream.pipe())
local written = false
coroutine.spawn(function()
  assert(w:write(("x"):rep(200000)) == 200000)
  written = true
  w:close()
end)
-- Nothing is there yet: the writer runs while this coroutine waits.
local total = #r:read(1)
assert(total == 1 and not written)
-- What is there at a time is at most 64 KiB.
for _ = 1, 20 do
  local piece = r:read(100000)
  if not piece then
    break
  end
  assert(#piece <= 65536, #piece)
  total = total + #piece
end
while total < 200000 do
  total = total + #r:read()
end
assert(r:read() == nil and total == 200000)
assert(written)

-- Two coroutines cannot read at once.
local one, other = assert(stream.pipe())
local results = channel.new(2)
for _ = 1, 2 do
  coroutine.spawn(function()
    local bytes, err = one:read()
    results:send({ bytes = bytes, err = err })
  end)
end
local refused = results:receive()
assert(refused.bytes == nil and errors.is(refused.err, errors.CONFLICT), tostring(refused.err))
assert(other:write("a") == 1)
assert(results:receive().bytes == "a")

return function() end
