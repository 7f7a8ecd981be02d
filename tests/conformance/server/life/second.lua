local server = require("server")
local second = {}

function second.upgrade(state)
  state.n = state.n + 100
  return state
end

function second.call(state, request)
  if request == "get" then
    return state.n
  end
  return server.finish(nil, "done")
end

return server.entry(second)
