-- Modules are found by package.searchers, at the templates of package.path below the
-- root, as Lua 5.4 finds them below its working directory.
-- shows: A-6
print(package.path, #package.searchers, package.config:byte(1, -1))
print(require("dir").name, select(2, require("dir")), require("dir.part"), select(2, require("dir.part")))
print(pcall(require, "inner"))
package.path = "lib/?.lua;./parts/?_of.lua"
print(require("inner"), select(2, require("made")))
print(pcall(require, "dir.nothing"))
print(package.searchpath("inner", package.path), package.searchpath("a.b", "x/?;y/?.q"))
print(package.searchpath("a-b", "lib/?", "-", "+"))
print(package.searchpath("a.b", "lib/?", ""))
print(pcall(require, "broken"))
package.path = "?.lua"
table.insert(package.searchers, 2, function(name)
  if name == "by.searcher" then
    return function(...) return { ... } end, "here"
  end
  return "no such name: " .. name
end)
print(table.unpack((require("by.searcher"))))
print(select(2, require("by.searcher")))
print(pcall(require, "none"))
package.searchers[2] = function() end
print(pcall(require, "none"))
local searchers = package.searchers
package.searchers = nil
print(pcall(require, "none"))
package.searchers = searchers
package.path = nil
print(pcall(require, "none"))
package.path = "../?.lua;/?/x;?"
print(pcall(require, "secret"))
