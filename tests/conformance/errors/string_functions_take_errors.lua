-- The functions of `string` take a structured error for its text; `table.concat` does not.
-- shows: R-7
local err = errors.wrap(errors.new("not found"), "app")
assert(select("#", string.find(err, "not found")) == 2 and string.find(err, "not found") == 6)
assert(string.find("x app: not found", err, 1, true) == 3)
assert(string.match(err, "%w+$") == "found" and string.gmatch(err, "%w+")() == "app")
assert(string.len(err) == 14 and string.sub(err, 1, 3) == "app" and string.byte(err) == 97)
assert(string.upper(err) == "APP: NOT FOUND" and string.lower(err) == "app: not found")
assert(string.rep(err, 2, err) == "app: not foundapp: not foundapp: not found" and string.reverse(err):sub(1, 5) == "dnuof")
assert(string.format("%s", err) == "app: not found" and string.format(err) == "app: not found")
assert(string.gsub(err, "%w+", string.upper) == "APP: NOT FOUND" and string.gsub(err, "app", { app = "x" }) == "x: not found")
assert(string.gsub("x", "x", err) == "app: not found")
assert(string.unpack("s1", string.pack("s1", err)) == "app: not found")
assert(not pcall(table.concat, { err }))
for _, other in ipairs { {}, print, channel.new(), time.now() } do
  assert(not pcall(string.find, other, "x"))
end
