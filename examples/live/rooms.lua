-- The service that has a process for each room.

local registry, supervisor = require("registry"), require("supervisor")

local OPTIONS <const> = { name = "rooms", host = "app:rooms", max_processes = 500 }

return function()
  return supervisor.run { children = { registry.child({ definition = "app:room" }, OPTIONS) } }
end
