-- `io.flush` is for wherever `io.write` writes: a file that `io.output` has set
-- too.
-- shows: I-8, I-6
-- options: --write notes.txt
local file = assert(io.open("notes.txt", "w"))
assert(file:setvbuf("full"))
io.output(file)
io.write("written")
assert(io.open("notes.txt"):read("a") == "", "nothing was passed on yet")
assert(io.flush() == true)
assert(io.open("notes.txt"):read("a") == "written")
io.write(", and more")
assert(file:flush() == true)
assert(io.open("notes.txt"):read("a") == "written, and more")
file:close()
io.output(io.stdout)
assert(io.flush() == true and io.stdout:flush() == true)
os.remove("notes.txt")
