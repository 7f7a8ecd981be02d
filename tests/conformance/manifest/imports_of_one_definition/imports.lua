local shared, util = require("shared"), require("util")
assert(select(2, require("shared")) == nil and package.loaded.shared == shared)
return function()
  local again = require("wippy.test:shared")
  return table.concat({ shared.name, require("helper"), util.name, again.name == shared.name and "twice" }, ", ")
end
