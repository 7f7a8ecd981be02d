-- A server whose info handler takes what is no call.
local server = require("server")
local wire = { info = function(state, message)
  state.count = (state.count or 0) + 1
end }

function wire.call(state)
  return state.count
end

return server.entry(wire)
