-- The modules of Penlight that need files, and so LuaFileSystem.
local path, dir, file = require("pl.path"), require("pl.dir"), require("pl.file")
print(path.exists("tree"), path.isdir("."), path.isfile("main.lua"), path.getsize("main.lua") > 10)
print(dir.makepath("tree/a/b"), path.isdir("tree/a/b"))
print(file.write("tree/a/x.txt", "one"), file.read("tree/a/x.txt"), path.getsize("tree/a/x.txt"), file.write("tree/a/b/y.txt", "two"))
local function sorted(t) table.sort(t) return table.concat(t, " ") end
print(sorted(dir.getfiles("tree/a")), sorted(dir.getdirectories("tree")), sorted(dir.getallfiles("tree")), sorted(dir.getallfiles("tree", "y*")))
for root, dirs, files in dir.walk("tree") do print(root, #dirs, #files) end
print(path.splitext("a/b.txt"), path.basename("a/b.txt"), path.dirname("a/b.txt"), path.join("a", "b"), path.normpath("a//b/../c"))
print(pcall(path.mkdir, "tree/new"), path.isdir("tree/new"), pcall(path.rmdir, "tree/new"), path.isdir("tree/new"))
print(file.delete("tree/a/x.txt"), path.exists("tree/a/x.txt"), dir.rmtree("tree"), path.exists("tree"))
print(require("pl.app") ~= nil, require("pl.test") ~= nil, dir.fnmatch("a.txt", "*.txt"))
