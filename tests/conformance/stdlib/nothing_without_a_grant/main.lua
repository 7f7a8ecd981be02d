-- Without grants there are no files and no environment, not even the program's
-- own source.
-- shows: I-5
assert(not io.open("main.lua"))
assert(not io.open("shelf/book.txt"))
assert(not pcall(io.lines, "shelf/book.txt"))
assert(os.getenv("PATH") == nil)
assert(loadfile("shelf/book.txt") == nil and not pcall(dofile, "shelf/book.txt"))
