-- The library `io`, line by line: `stdout.txt` is what `lua5.4` prints.
-- shows: I-8, I-9
-- options: --write .
local function hidden(value)
  return (tostring(value):gsub("0x%x+", "ADDRESS"))
end

local function show(...)
  local shown = {}
  for i = 1, select("#", ...) do
    shown[i] = hidden((select(i, ...)))
  end
  print(table.concat(shown, " | "))
end

local function try(f, ...)
  show(pcall(f, ...))
end

local NAME = "scratch.txt"
local function with(content)
  local f = assert(io.open(NAME, "w"))
  f:write(content)
  f:close()
  return assert(io.open(NAME))
end

-- Opening.
for _, mode in ipairs { "r", "rb", "w", "wb", "a", "r+", "r+b", "w+", "a+b" } do
  local f = io.open(NAME, mode)
  show(mode, io.type(f))
  if f then f:close() end
  if mode == "rb" then with(""):close() end
end
for _, mode in ipairs { "", "x", "rw", "br", "r++", "rbb", "r+bx", "read" } do
  try(io.open, NAME, mode)
end
try(io.open)
try(io.open, {})
try(io.open, "no/such.txt")
try(io.open, "no-such.txt", "r+")
try(io.open, "")
try(io.open, "", "w")
try(io.open, NAME .. "/below", "w")
try(io.lines, "no-such.txt")
try(io.lines, "")
try(io.lines, {})
try(io.input, "no-such.txt")
try(io.output, "no/such.txt")
try(io.input, {})
try(io.output, true)
try(io.open, 12)

-- Values that are files.
show(io.type(io.stdin), io.type(io.stdout), io.type(io.stderr), io.type(5), io.type("x"), io.type {})
try(io.type)
do
  local f = with("")
  show(f, io.type(f))
  show(f:close())
  show(f, io.type(f))
  for _, method in ipairs { "read", "write", "lines", "flush", "seek", "close" } do
    try(f[method], f)
  end
  try(f.setvbuf, f, "no")
  try(io.close, f)
  try(io.input, f)
end
try(io.stdin.read, {})
try(io.stdin.write, "x")
try(io.stdin.nothing)
show(io.stdout == io.output(), io.stdin == io.input(), getmetatable(io.stdout).__name)
show(getmetatable(io.stdin) == getmetatable(io.stderr))

-- Lines.
for _, content in ipairs { "", "\n", "\n\n", "a", "a\n", "a\nb", "a\r\nb\n", "\0a\0\nb\0", ("x"):rep(5000) .. "\ny" } do
  for _, format in ipairs { "l", "L", "*l", "*L", "line" } do
    local f = with(content)
    local a, b, c = f:read(format, format, format)
    show(#content, format, a and #a, b and #b, c and #c)
    f:close()
  end
end
for _, formats in ipairs { {}, { "L" }, { 1 }, { 2, "l" }, { "n" }, { "a" }, { 0, 1 } } do
  local all = {}
  local f = with("1 2\n3\nfour\n")
  for a, b in f:lines(table.unpack(formats)) do
    all[#all + 1] = ("%q,%q"):format(a, b):gsub("\n", "n")
    if #all > 20 then break end
  end
  show(#formats, table.concat(all, ";"))
  f:close()
end
do
  with("one\ntwo\n"):close()
  local iterate, state, control, closing = io.lines(NAME)
  show(type(iterate), state, control, io.type(closing))
  show(iterate(), iterate())
  show(iterate())
  show(io.type(closing))
  try(iterate)
  local left
  for line in io.lines(NAME, "L") do
    left = line
    break
  end
  show(#left)
  for a, b in io.lines(NAME, 1, "l") do show(a, b) end
  try(io.lines, NAME, "x")
  try(function() for _ in io.lines(NAME, "x") do end end)
  try(function() return io.lines(NAME, table.unpack({}, 1, 251)) end)
  show(select("#", io.lines(NAME, table.unpack({}, 1, 250))))
  io.input(NAME)
  show(io.read(), io.read("L"), io.read())
  for line in io.lines() do show(line) end
  io.input():close()
  try(io.read)
  try(io.lines)
  io.input(io.stdin)
end

-- Numerals: the longest that is one, and at most 200 characters.
for _, content in ipairs {
  "12", "12abc", "1-2", "-1", "+1", "- 1", "--1", "1.2.3", ".5", "5.", ".", "-.5e1", "1e", "1e+", "1e+x", "1e5", "1E-2",
  "1e5.5", "0x", "0x10", "0X1F", "0xg", "0x.8", "0x1p4", "0x1P-1", "0xep1", "0x1.8p1", "0x.p1", "00x1", "012", "1_000",
  "nan", "inf", "0x7fffffffffffffff", "0xffffffffffffffffff", "9223372036854775807", "9223372036854775808", "1e400",
  "  \t\r\n\v\f7", "", "   ", "\0001", "1\0002", "e5", "0e0", "0x0", "1,5", "1d5", "12L", "2^3", "1e1e1", "0x1e+1",
  ("1"):rep(200), ("1"):rep(201), ("0"):rep(199) .. "7", "0." .. ("3"):rep(197), "0." .. ("3"):rep(199), (" "):rep(300) .. "4",
} do
  local f = with(content)
  local n = f:read("n")
  local rest = f:read("a")
  show(#content, n, math.type(n), ("%q"):format(rest))
  f:close()
end
do
  local f = with("1 2 x 3")
  show(f:read("n", "n", "n", "n"))
  show(f:read("*n"), f:read("a"))
  f:close()
  f = with("7\nrest of it\n8")
  show(f:read("n", "l", "L", "n", "n"))
  f:close()
end

-- Blocks.
for _, count in ipairs { 0, 1, 2, 3, 4, 1023, 1024, 1025, 100000 } do
  local f = with("abc")
  local a, b = f:read(count, count)
  show(count, a, b)
  f:close()
  f = with(("x"):rep(3000))
  a, b = f:read(count, count)
  show(count, a and #a, b and #b, #f:read("a"), f:read("a"), f:read(0), f:read(1))
  f:close()
end
do
  local f = with("abc")
  try(f.read, f, "x")
  try(f.read, f, "")
  try(f.read, f, {})
  try(f.read, f, true)
  try(f.read, f, 1.5)
  try(f.read, f, nil)
  show(f:read("1"==1 and "" or 1.0), f:read("a", "a", "l"))
  f:close()
  f = with("")
  show(f:read(0), f:read("a"), f:read("l"), f:read("n"), f:read(1))
  f:close()
  f = io.open(NAME, "w")
  show(f:read())
  show(f:read("a"))
  show(f:read(0))
  try(f:lines())
  show(f:write("still"))
  f:close()
  f = io.open(NAME)
  show(f:write("x"))
  show(f:write())
  show(f:read("a"), f:flush())
  f:close()
end

-- Writing.
do
  local f = io.open(NAME, "w")
  show(f:write(1, " ", -2.5, " ", 1e100, " ", 2 ^ 53, " ", "x\0y", "", 0x7fffffffffffffff, "\n") == f)
  show(f:write():write("z") == f)
  try(f.write, f, nil)
  try(f.write, f, "kept", {})
  try(f.write, f, true)
  f:close()
  f = io.open(NAME)
  show(("%q"):format(f:read("a")))
  f:close()
  f = io.open(NAME, "a")
  show(f:seek("cur"), f:write("!"), f:seek("cur") > 0)
  f:close()
  f = io.open(NAME, "a+")
  show(#f:read("a"))
  f:seek("set")
  f:write("?")
  f:seek("set")
  show(#f:read("a"))
  f:close()
end
try(io.write, {})
try(io.write, nil)
try(io.write, "", print)

-- Reading, writing and moving in turn.
do
  local f = io.open(NAME, "w+")
  f:write("hello world")
  show(f:seek("cur"), f:seek("set", 6), f:read(1), f:seek("cur"), f:seek("end"), f:seek("cur", -5), f:read("a"))
  f:seek("set", 2)
  show(f:read(2), f:seek("cur"))
  f:write("XY")
  show(f:seek("cur"), f:read(3))
  f:seek("set")
  show(f:read("a"))
  f:write("tail")
  f:seek("set", 10)
  show(f:read("a"))
  show(f:seek("set", 20), f:write("far"), f:seek("set", 0), #f:read("a"))
  show(f:seek("set", -1))
  show(f:seek("cur", -100))
  local at = f:seek()
  show(f:seek("set", 3), f:seek("cur", math.maxinteger))
  show(f:seek("end", math.maxinteger))
  show(f:seek("cur", math.mininteger))
  show(f:seek(), f:seek("set", at) == at)
  show(f:seek())
  show(f:seek("end", 0), f:seek("end", -3), f:read("n"), f:read("a"))
  f:seek("set", 0)
  show(f:read("n"), f:read(5))
  for _, bad in ipairs { "x", "SET", "" } do try(f.seek, f, bad) end
  try(f.seek, f, 0)
  try(f.seek, f, "set", "x")
  try(f.seek, f, "set", 1.5)
  try(f.seek, f, "set", {})
  show(f:seek("set", "3"), f:seek("cur", 2.0))
  f:close()
  f = io.open(NAME, "r+")
  f:read("l")
  f:seek("set")
  f:write("J")
  f:flush()
  f:seek("set")
  show(f:read(5))
  f:close()
end

-- Buffers.
do
  local function size()
    local f = io.open(NAME)
    local content = f:read("a")
    f:close()
    return #content
  end
  local f = io.open(NAME, "w")
  show(f:setvbuf("no"), f:write("abc") == f, size())
  f:close()
  f = io.open(NAME, "w")
  show(f:setvbuf("full", 4096), f:write("d\ne") == f, size(), f:flush(), size())
  f:close()
  f = io.open(NAME, "w")
  show(f:setvbuf("line"), f:write("f") == f, size(), f:write("g\n") == f, size())
  f:close()
  f = io.open(NAME, "w")
  show(f:setvbuf("full"), f:write("h") == f, size(), f:seek("cur"), f:flush(), size())
  f:write(("x"):rep(100000))
  show(size() >= 90000)
  f:close()
  show(size())
  for _, bad in ipairs { "x", "", "NO" } do try(io.stdout.setvbuf, io.stdout, bad) end
  try(io.stdout.setvbuf, io.stdout)
  try(io.stdout.setvbuf, io.stdout, "full", {})
  try(io.stdout.setvbuf, io.stdout, "full", 1.5)
  f = with("read ahead\nand more\n")
  show(f:read(3), f:setvbuf("no"), f:read("l"), f:setvbuf("full", 10), f:read("a"))
  f:close()
end

-- The default streams.
do
  local f = io.open(NAME, "w")
  show(io.output(f) == f, io.output() == f, io.write("to ", "it", "\n") == f, io.flush())
  io.output(io.stdout)
  f:close()
  show(io.output(NAME) ~= io.stdout, io.write("name") == io.output(), io.close())
  local ok, why = pcall(io.write, "x")
  local closed, again = pcall(io.close)
  local flushed, none = pcall(io.flush)
  io.output(io.stdout)
  show(ok, why, closed, again, flushed, none)
  show(io.input(NAME) == io.input(), io.read("a"), io.read("a"), io.read("l"), io.read(0))
  io.input():close()
  io.input(io.stdin)
end

-- A count beyond all memory is read as far as the file goes.
do
  local f = io.open(NAME, "w+")
  f:write("l1 l2")
  f:seek("set")
  show(f:read((1 << 32) + 3), f:read((1 << 32) + 3), f:read(1 << 32))
  f:seek("set")
  show(f:read(2, 1 << 40, 1))
  f:seek("set")
  show(f:read(-1))
  f:write(("x"):rep(300000))
  f:seek("set")
  show(#f:read(200000), #f:read(1 << 27))
  f:close()
  local rounds = 0
  for _ in io.lines(NAME, 1 << 32) do rounds = rounds + 1 end
  show(rounds)
end

-- A directory is no file to read.
do
  local f = io.open(".")
  show(f:read())
  show(f:read("a"))
  try(f:lines())
  f:close()
  try(function() for line in io.lines(".") do show(line) end end)
end
show(io.open(".", "w"))

-- Variables that close.
do
  local kept
  do
    local f <close> = io.open(NAME, "w")
    f:write("closed")
    kept = f
  end
  show(kept, #io.open(NAME):read("a"))
  local ok = pcall(function()
    local f <close> = io.open(NAME, "w")
    f:write("closed by an error")
    error("x")
  end)
  show(ok, #io.open(NAME):read("a"))
end
os.remove(NAME)
