-- `table.sort` and `string.gsub` are other implementations with the results of
-- Lua's own.
-- shows: I-8
local t = { 5, 2, 8, 1 }
table.sort(t)
assert(table.concat(t, " ") == "1 2 5 8")
table.sort(t, function(a, b)
  return a > b
end)
assert(table.concat(t, " ") == "8 5 2 1")
local ok, message = pcall(table.sort, { 1, "x", 2 })
assert(not ok and message:find("attempt to compare"))
ok, message = pcall(table.sort, { 3, 1, 2, 5, 4, 9, 8 }, function()
  return true
end)
assert(not ok and message:find("invalid order function"))

assert(("abc"):gsub("", "-") == "-a-b-c-")
assert(("hello world"):gsub("o", "0", 1) == "hell0 world")
assert(("abc"):gsub("%w", "%0%0") == "aabbcc")
assert(("key=value"):gsub("(%w+)=(%w+)", "%2=%1") == "value=key")
assert(("$a $b"):gsub("%$(%w)", { a = "1" }) == "1 $b")
assert(("abc"):gsub("b", function() end) == "abc")
assert(select(2, ("aaa"):gsub("^a", "b")) == 1)
assert(("abc"):gsub(".", function(c)
  return c:upper()
end) == "ABC")
assert(("abc"):gsub("()", function(at)
  return at
end) == "1a2b3c4")
assert(not pcall(string.gsub, "x", "x", function()
  return {}
end))
assert(not pcall(string.gsub, "x", "[", ""))
assert(not pcall(string.gsub, "x", "x", "%2"))
