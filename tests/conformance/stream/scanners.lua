-- Scanners and lines cut what is read into tokens.
-- shows: SM-6
local function of(text)
  local r, w = assert(stream.pipe())
  coroutine.spawn(function()
    w:write(text)
    w:close()
  end)
  return r
end

local function tokens(text, split)
  local r = of(text)
  local c = assert(r:scanner(split))
  local list = {}
  while c:scan() do
    list[#list + 1] = c:text()
  end
  assert(c:err() == nil and c:text() == "" and c:scan() == false)
  r:close()
  return table.concat(list, "|"), #list
end

local function same(text, split, expected)
  local got = tokens(text, split)
  assert(got == expected, got)
end

same("", nil, "")
same("a\nb\r\n\nlast", nil, "a|b||last")
same("a\n", "lines", "a")
same("\r\nlast\r", "lines", "|last")
same("  one two\t\nthree\r\n ", "words", "one|two|three")
same("", "words", "")
same("a\nb", "bytes", "a|\n|b")
same("aß€😀", "runes", "a|ß|€|😀")
same("a\xff\xe2\x82", "runes", "a|\u{FFFD}|\u{FFFD}|\u{FFFD}")

-- Tokens go over the borders of what is read at a time.
local long = ("x"):rep(40000)
local got, count = tokens(long .. "\n" .. long .. "\n" .. long)
assert(got == long .. "|" .. long .. "|" .. long and count == 3)
assert(select(2, tokens(("€"):rep(30000), "runes")) == 30000)

-- The longest token, and one that is too long.
local most = ("x"):rep(65536)
same(most .. "\n" .. most, "lines", most .. "|" .. most)
for _, text in ipairs { most .. "x\n", most .. "x", "a\n" .. ("x"):rep(200000) } do
  local r = of(text)
  local c = r:scanner()
  while c:scan() do
    assert(c:text() == "a")
  end
  assert(c:err():find("longer than 65536 bytes", 1, true) and c:text() == "")
  r:close()
end

local r = of("one\ntwo\nthree")
local lines = {}
for line in r:lines() do
  lines[#lines + 1] = line
end
assert(table.concat(lines, "|") == "one|two|three")
r:close()

-- An iterator raises what a scanner tells.
local closed = of("one")
closed:close()
local ok, err = pcall(function()
  for _ in closed:lines() do end
end)
assert(not ok and errors.is(err, errors.INTERNAL), tostring(err))
local c = closed:scanner()
assert(not c:scan() and c:err() == "the stream is closed")
local none, refused = closed:scanner("pages")
assert(none == nil and errors.is(refused, errors.INVALID))

return function() end
