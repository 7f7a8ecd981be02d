-- `require` loads the program's own modules, once each, by their place below
-- the root, and nothing outside it.
-- shows: A-6
local a = require("lib.a")
assert(a.name == "lib.a" and a.inner == "inner value")
assert(require("lib.a") == a and package.loaded["lib.a"] == a, "loaded once")
assert(require("lib.inner.b") == a.inner)
assert(require("lib/inner/b") == "inner value", "a slash separates as well")
assert(require("lib.nothing") == true, "a module that returns nothing")
assert(require("lib.ü") == "lib.ü" and require("größe.файл") == "größe.файл", "any text")
local _, where = require("lib.two words")
assert(where == "lib/two words.lua", where)

for _, name in ipairs { "lib.missing", "lib.ö", "lib.u\u{308}", "lib.\u{9b}", "../secret", "/etc/passwd", "lib//a", "", "lib..a" } do
  local ok, message = pcall(require, name)
  assert(not ok and message:find("module '" .. name .. "' not found", 1, true), message)
end
assert(not pcall(require, {}))
local taken, why = pcall(require, "lib.\xfc")
assert(not taken and why:find("name is not UTF-8", 1, true), why)

-- A broken module says where.
local ok, message = pcall(require, "lib.broken")
assert(not ok and message:find("lib/broken.lua:2:", 1, true), message)
ok, message = pcall(require, "lib.raises")
assert(not ok and message:find("lib/raises.lua:1: on purpose", 1, true), message)

package.preload["made.here"] = function(name)
  return { name = name }
end
assert(require("made.here").name == "made.here")
