-- Bytes come out of a pipe as they went in, and then the end.
-- shows: SM-1
assert(require("stream") == stream)

local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
end

local r, w = assert(stream.pipe())
assert(tostring(r) == "stream.Stream{}" and type(w) == "userdata")
assert(w:write("ab") == 2 and w:write("") == 0 and w:write("\0\xff") == 2)
assert(r:read(1) == "a" and r:read() == "b\0\xff")
assert(w:write(("x"):rep(40000)) == 40000)
assert(#r:read() == 32768 and #r:read(100000) == 40000 - 32768)

local stat = assert(w:stat())
assert(stat.size == -1 and stat.position == 40004)
assert(stat.writable and not stat.readable and not stat.seekable)
assert(r:stat().position == 40004 and r:stat().readable)

assert(w:flush() == true and w:close() == true and w:close() == true)
assert(tostring(w) == "stream.Stream{closed}")
for _ = 1, 2 do
  local bytes, err = r:read()
  assert(bytes == nil and err == nil)
end

-- A stream belongs to one process.
fails(errors.INVALID, process.send(process.pid(), "topic", r))
fails(errors.INVALID, r:read(-1))
fails(errors.INVALID, r:read(1.5))
fails(errors.INVALID, w:write())
fails(errors.INVALID, capability.call("stream.read", 99))
fails(errors.INVALID, capability.call("stream.read", "1"))

return function() end
