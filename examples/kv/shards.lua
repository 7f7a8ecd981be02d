-- Runs the processes of all shards on this node.

local kv = require("kv")

return function()
  local children = {}
  for number = 1, kv.SHARDS do
    children[number] = { id = number, server = "app:shard", args = { number } }
  end
  return require("supervisor").run({ children = children })
end
