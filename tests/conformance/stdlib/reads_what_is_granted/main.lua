-- Granted paths can be read, in all ways that Lua has; nothing can be written.
-- shows: I-6
-- options: --read shelf
local f = assert(io.open("shelf/book.txt"))
assert(io.type(f) == "file")
assert(f:read("l") == "one" and f:read("L") == "two\n")
local a, b = f:read("n", "n")
assert(a == 3 and b == 4.5)
assert(f:seek("set", 4) == 4 and f:read(3) == "two")
assert(f:seek("set") == 0 and f:read("a") == "one\ntwo\n3 4.5\n" and f:read("l") == nil)
assert(f:close() == true and io.type(f) == "closed file")

local lines = {}
for line in io.lines("shelf/book.txt") do
  lines[#lines + 1] = line
end
assert(#lines == 3)

for _, mode in ipairs { "w", "a", "r+" } do
  local file, why = io.open("shelf/book.txt", mode)
  assert(file == nil and type(why) == "string", mode)
end
assert(not io.open("shelf/new.txt", "w"))
assert(not os.remove("shelf/book.txt") and not os.rename("shelf/book.txt", "shelf/x.txt"))
