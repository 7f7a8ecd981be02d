-- Keeps the number of visits, which no request could.
local server = require("server")
local counter = {}

function counter.init()
  return { visits = 0 }
end

function counter.call(state, more)
  state.visits = state.visits + more
  return state.visits
end

-- Adds visits, and returns the number of all.
function counter.add(more)
  return server.call("app:counter", more)
end

return server.entry(counter)
