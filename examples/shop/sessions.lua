-- The service that has a process for each session, which other processes start and find under
-- the name `sessions`.

local registry, supervisor = require("registry"), require("supervisor")

return function()
  return supervisor.run {
    children = {
      registry.child({ server = "app:session" }, { name = "sessions", host = "app:sessions" }),
    },
  }
end
