-- Functions of strings that go by 16 bytes at a time do what they do byte by byte, for every
-- length and place.
-- shows: I-8
local random = math.random

-- Random bytes, mostly of a few kinds, so that there are many beginnings of matches.
local function bytes(length)
  local list = {}
  for i = 1, length do
    list[i] = string.char(random(10) == 1 and random(0, 255) or random(0x60, 0x63))
  end
  return table.concat(list)
end

local function find(text, what, from)
  for at = from, #text - #what + 1 do
    if text:sub(at, at + #what - 1) == what then
      return at, at + #what - 1
    end
  end
end

local function each(text, change)
  local list = {}
  for i = 1, #text do
    list[i] = change(text:sub(i, i), i)
  end
  return table.concat(list)
end

local function case(first, other)
  return function(c)
    local byte = c:byte() - first:byte()
    return byte >= 0 and byte < 26 and string.char(other:byte() + byte) or c
  end
end

local function less(a, b)
  for i = 1, math.min(#a, #b) do
    if a:byte(i) ~= b:byte(i) then
      return a:byte(i) < b:byte(i)
    end
  end
  return #a < #b
end

local function check(length)
  local text = bytes(length)
  assert(text:reverse() == each(text, function(_, i)
    return text:sub(-i, -i)
  end), length)
  local letters = each(text, function()
    return string.char(random(0x20, 0xff))
  end)
  assert(letters:upper() == each(letters, case("a", "A")), length)
  assert(letters:lower() == each(letters, case("A", "a")), length)
  for _ = 1, 10 do
    local place = random(1, length + 1)
    local what = text:sub(place, place + random(0, 20) - 1)
    if random(2) == 1 then
      what = what .. bytes(1)
    end
    local from = random(1, length + 1)
    local at, to = text:find(what, from, true)
    local expected, last = find(text, what, from)
    assert(at == expected and to == last, length)
    local first = text:sub(place, place)
    if first:find("%w") then
      -- Patterns with a first character, and with a class and captures before it.
      assert(text:find(first .. "+", from) == find(text, first, from), length)
      assert(text:find("((" .. first .. "))", from) == find(text, first, from), length)
    end
  end
  local digit = text:gsub("%d", "a")
  local place = random(1, length + 1)
  assert((digit:sub(1, place - 1) .. "7" .. digit:sub(place)):find("%d") == place, length)

  -- Comparison, at the first byte that differs.
  local other = each(text, function(c, i)
    return i == place and bytes(1) or c
  end)
  assert((text < other) == less(text, other) and (other < text) == less(other, text), length)
  assert((text == other) == (text:sub(place, place) == other:sub(place, place)), length)
  assert(not (text < text) and text < text .. "\0" and text .. "" == text, length)

  -- Copies.
  for count = 0, 5 do
    local plain, with = {}, {}
    for i = 1, count do
      plain[i], with[i] = text, text
    end
    assert(text:rep(count) == table.concat(plain), length)
    assert(text:rep(count, ", ") == table.concat(with, ", "), length)
  end
  assert(("x"):rep(length) == each(text, function()
    return "x"
  end), length)

  -- Messages and JSON carry UTF-8.
  local utf8 = each(text, function(c)
    return c:byte() < 0x80 and c or "ä"
  end)
  assert(json.decode(assert(json.encode(utf8))) == utf8, length)
  assert(json.decode(assert(json.encode({ [utf8] = text:gsub("[\x80-\xff]", "") }))), length)
end

for length = 0, 140 do
  check(length)
end
for _, length in ipairs({ 255, 256, 257, 500, 511, 512, 513, 1024, 3000 }) do
  check(length)
end

-- Large ones.
local large = ("0123456789abcdef!"):rep(300000)
assert(#large == 5100000 and large:sub(-17) == "0123456789abcdef!")
for _, at in ipairs({ 1, 17, 1 << 20, (1 << 20) + 1, 1 << 21, 1 << 22, 5099990 }) do
  local expected = (at - 1) % 17 + 1
  assert(large:byte(at) == ("0123456789abcdef!"):byte(expected), at)
end
assert(large:find("!1", 1, true) == nil and (large .. "1"):find("!1", 1, true) == #large)
assert(("x"):rep(3 << 20):find("[^x]") == nil)

-- Nothing, many times, takes no time.
assert((""):rep(1 << 60) == "")

-- The beginning of a pattern decides where it is tried, and never if it matches.
for _, case in ipairs({
  { "a b", "^b" }, { "a b", "b$", 3 }, { "x", "x?y?$", 1 }, { "aab", "a-b", 1 }, { "b", "a*b", 1 },
  { "$5", "$5", 1 }, { "a$", "$", 3 }, { "]", "]", 1 }, { "(x)", "%b()", 1 }, { "THE (quick) fox", "%f[%a]%a+%f[%A]", 1 },
  { "aXbXX", "(X)%1", 4 }, { "ab", "()b", 2 }, { "", "()", 1 }, { "a.b", "%.", 2 }, { "a%b", "%%b", 2 },
  { "\0a\0", "a%z", 2 }, { "abc", "[c-]", 3 }, { "abc", "[^ab]", 3 }, { "abc", ".c", 2 }, { "", "a" }, { "", "", 1 },
}) do
  assert((case[1]:find(case[2])) == case[3], case[2])
end
for pattern, message in pairs({
  ["a%"] = "ends with '%'", ["[a"] = "missing ']'", ["%f"] = "missing '['", ["("] = "unfinished capture", [".)"] = "invalid pattern capture",
  ["%1"] = "invalid capture index", [("("):rep(40) .. "z"] = "too many captures",
}) do
  local fine, why = pcall(string.find, "abc", pattern)
  assert(not fine and why:find(message, 1, true), pattern)
end
