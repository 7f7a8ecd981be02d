-- An open file is a stream with a position.
-- shows: VO-6
-- options: --volume files=shelf
local function fails(kind, value, err)
  assert(value == nil and errors.is(err, kind), tostring(value) .. " " .. tostring(err))
end
local v = assert(fs.get("files"))
v:remove("new.txt")

local f = assert(v:open("lines.txt", "r"))
assert(tostring(f) == "fs.File{}")
assert(f:read(6) == "first\n" and f:read() == "second line\n\nlast")
for _ = 1, 2 do
  local bytes, err = f:read()
  assert(bytes == nil and err == nil)
end
assert(f:seek(fs.seek.SET, 6) == 6 and f:read(6) == "second")
assert(f:seek(fs.seek.CUR, 1) == 13 and f:read(4) == "line")
assert(f:seek(fs.seek.END, -4) == 19 and f:read(100) == "last")
assert(f:seek() == 23)
fails(errors.INVALID, f:seek("set", -1))
fails(errors.INVALID, f:seek("top"))
local stat = f:stat()
assert(stat.size == 23 and stat.position == 23 and stat.readable and not stat.writable and stat.seekable)
fails(errors.INTERNAL, f:write("x"))
f:seek("set", 0)
local lines = {}
for line in f:lines() do
  lines[#lines + 1] = line
end
assert(table.concat(lines, "|") == "first|second line||last")
f:seek("set", 0)
local words, scanner = 0, f:scanner("words")
while scanner:scan() do
  words = words + 1
end
assert(words == 4 and scanner:err() == nil)
assert(f:seek("set", 1) == 1 and f:stream():read(4) == "irst")
assert(f:close() == true and f:close() == true)
fails(errors.INTERNAL, f:read())
-- A read of which nothing is said takes 4,096 bytes at most.
assert(v:writefile("new.txt", ("x"):rep(10000)))
f = v:open("new.txt")
assert(#f:read() == 4096 and #f:read(0) > 4096)
assert(f:close())

fails(errors.NOT_FOUND, v:open("none"))
fails(errors.NOT_FOUND, v:open("none", "r"))
fails(errors.INVALID, v:open("/", "r"))
fails(errors.INVALID, v:open("new.txt", "x"))
fails(errors.ALREADY_EXISTS, v:open("new.txt", "wx"))

-- "w" begins anew, "rw" keeps what is there, "a" writes behind all.
f = assert(v:open("new.txt", "w"))
assert(f:write("abc") == 3 and f:write("def") == 3 and f:write("") == 0)
fails(errors.INTERNAL, f:read())
assert(f:flush() == true and f:sync() == true and f:close())
f = assert(v:open("new.txt", "rw"))
assert(f:read(2) == "ab" and f:write("X") == 1 and f:seek("set", 0) and f:read() == "abXdef")
-- Behind the end is a hole of zeros.
assert(f:seek("end", 2) == 8 and f:write("!") == 1 and f:close())
assert(v:readfile("new.txt") == "abXdef\0\0!")
local one, other = assert(v:open("new.txt", "a")), assert(v:open("new.txt", "a"))
assert(one:write("1") and other:write("2") and one:write("3"))
assert(one:close() and other:close() and v:readfile("new.txt") == "abXdef\0\0!123")
assert(v:remove("new.txt"))
for _, mode in ipairs { "w", "a", "rw", "wx" } do
  local made <close> = assert(v:open("new.txt", mode))
  assert(made:write("x") == 1 and v:remove("new.txt"))
end
assert(not v:exists("new.txt"))

-- A process has 64 files open at a time. One that is closed makes room at once.
for _ = 1, 3 do
  local files = {}
  for n = 1, 64 do
    files[n] = assert(v:open("lines.txt"))
  end
  fails(errors.RATE_LIMITED, v:open("lines.txt"))
  assert(v:readfile("lines.txt"))
  for n = 1, 64 do
    assert(files[n]:close())
  end
end
