-- A grant to write includes reading; a granted file need not be there yet.
-- shows: I-6
-- options: --write shelf --write new.txt --env GREETING=hello
assert(os.getenv("GREETING") == "hello")
local f = assert(io.open("new.txt", "w"))
assert(f:write("a", 1, "\n"))
f:close()
f = assert(io.open("new.txt", "a"))
f:write("more\n")
f:close()
assert(io.open("new.txt"):read("a") == "a1\nmore\n")

assert(io.open("shelf/other.txt", "w")):write("x"):close()
assert(os.rename("shelf/other.txt", "shelf/renamed.txt"))
assert(io.open("shelf/renamed.txt"):read("a") == "x")
assert(os.remove("shelf/renamed.txt"))
assert(not io.open("shelf/renamed.txt"))
assert(not io.open("elsewhere.txt", "w"))
os.remove("new.txt")
