-- An absolute path is one of the machine, and no way to write a path below a grant.
-- shows: I-6, I-5
-- options: --write .
local lfs = require("lfs")
local NAME = "absolute_paths.lua"

assert(io.open(NAME)):close()
assert(io.open("./" .. NAME)):close()
assert(lfs.attributes(NAME, "mode") == "file" and lfs.attributes(".", "mode") == "directory")

-- The first process is told where a file could be made.
local function missing(value, why, number)
  assert(not value and (number == 2 or number == 13), why)
end
for _, path in ipairs { "/" .. NAME, "//" .. NAME, "/./" .. NAME, "/../" .. NAME } do
  missing(io.open(path))
  missing(io.open(path .. ".new", "w"))
  missing(os.remove(path))
  missing(os.rename(path, "x"))
  missing(os.rename(NAME, path))
  missing(lfs.attributes(path))
  missing(lfs.mkdir(path .. ".new"))
  missing(lfs.touch(path))
  assert(not loadfile(path) and not pcall(lfs.dir, path))
end
assert(not pcall(lfs.dir, "/") and not lfs.attributes("/"))
assert(io.open(NAME)):close()
