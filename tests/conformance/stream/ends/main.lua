-- A stream ends with its close, with the handle and at an upgrade.
-- shows: SM-1, SM-3
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
end

-- Each side learns that the other one is gone.
local r, w = assert(stream.pipe())
w:write("unread")
assert(r:close() == true and r:close() == true)
fails(errors.UNAVAILABLE, w:write("more"))
fails(errors.INTERNAL, r:read())
w:close()
fails(errors.INTERNAL, w:write("more"))
fails(errors.INTERNAL, w:flush())
fails(errors.INTERNAL, w:stat())

-- The end of a block closes a stream.
local reader, writer = assert(stream.pipe())
do
  local closing <close> = writer
  closing:write("all")
end
assert(reader:read() == "all" and reader:read() == nil)
reader:close()

-- A handle that is lost closes its stream, but does not finish what it writes.
local alone = (stream.pipe())
collectgarbage()
collectgarbage()
fails(errors.UNAVAILABLE, alone:read())
alone:close()

-- A close ends a read that waits.
local waiting, open = assert(stream.pipe())
local results = channel.new(1)
coroutine.spawn(function()
  local bytes, err = waiting:read()
  results:send({ bytes = bytes, err = err })
end)
coroutine.spawn(function()
  waiting:close()
end)
local result = results:receive()
fails(errors.INTERNAL, result.bytes, result.err)

-- A side has one direction.
local one, other = assert(stream.pipe())
fails(errors.INTERNAL, other:read())
fails(errors.INTERNAL, one:write("a"))
fails(errors.INTERNAL, one:flush())
fails(errors.INVALID, one:seek("set", 0))
fails(errors.INVALID, other:seek("end"))
assert(open:write("a") == nil)

return function()
  assert(process.upgrade("app:after"))
end
