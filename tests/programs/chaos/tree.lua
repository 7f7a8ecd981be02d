-- A supervisor whose time is told, named by its place in the tree.

return function(description)
  time = require("clock")
  return require("supervisor").run(description)
end
