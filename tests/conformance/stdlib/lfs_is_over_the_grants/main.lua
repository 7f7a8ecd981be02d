-- The module lfs reaches what was granted and nothing else, and is that of LuaFileSystem.
-- options: --read data --log off
-- shows: I-15
assert(rawget(_G, "lfs") == nil)
local lfs = require("lfs")
assert(lfs == package.loaded.lfs and lfs._VERSION == "LuaFileSystem 1.8.0")

local names = {}
for name in lfs.dir("data") do
  names[#names + 1] = name
end
table.sort(names)
assert(table.concat(names, " ") == ". .. a.txt inner", table.concat(names, " "))
local all = lfs.attributes("data/a.txt")
assert(all.mode == "file" and all.size == 4 and all.nlink == 1 and all.modification > 1e9)
assert(lfs.attributes("data/inner", "mode") == "directory" and lfs.attributes("data/a.txt", "size") == 4)
local given = {}
assert(lfs.attributes("data", given) == given and given.mode == "directory")
assert(not pcall(lfs.attributes, "data", "color"))
assert(lfs.symlinkattributes("data/a.txt", "mode") == "file")

local none, why, number = lfs.attributes("data/none")
assert(none == nil and why == "cannot obtain information from file 'data/none': No such file or directory" and number == 2)
for _, path in ipairs { "main.lua", "/etc", "..", "" } do
  assert(lfs.attributes(path) == nil, path)
  assert(not pcall(lfs.dir, path), path)
end
assert(not lfs.mkdir("data/new") and not lfs.rmdir("data/inner") and not lfs.touch("data/a.txt") and not lfs.mkdir("other"))
assert(lfs.attributes("data/new") == nil and lfs.attributes("data/inner", "mode") == "directory")

local next_name, directory = lfs.dir("data")
assert(type(next_name(directory)) == "string" and type(directory:next()) == "string")
directory:close()
assert(not pcall(directory.next, directory) and not pcall(next_name, io.stdout))
assert(lfs.currentdir() == "." and lfs.chdir(".") and not lfs.chdir("data"))
assert(not lfs.lock(io.stdout, "w") and not lfs.link("data/a.txt", "data/b.txt") and lfs.setmode(io.stdout, "text"))
