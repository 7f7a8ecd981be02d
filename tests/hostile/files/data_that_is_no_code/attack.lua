-- tries: learn of files without a grant, or read them, as code of the program
-- end: returned
local places = "data/?.env;./data/?.env;data/./?.env;data/?"
for _, name in ipairs { "secret", "none", "secret.env" } do
  local found, why = package.searchpath(name, places, "")
  assert(not found, found)
  assert(why:find("no file 'data/" .. name .. ".env'", 1, true), why)
end
package.path = places
setmetatable(_G, { __newindex = function(_, name) error("set " .. name) end })
local loaded, why = pcall(require, "secret")
assert(not loaded and tostring(why):find("not found", 1, true), why)
