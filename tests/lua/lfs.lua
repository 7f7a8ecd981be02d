-- Runs the tests of LuaFileSystem, with this directory as the one for temporary files.
tmp = "."
assert(loadfile("test.lua"))()
