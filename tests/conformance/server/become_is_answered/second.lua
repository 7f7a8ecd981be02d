local server = require("server")
local second = {}

function second.upgrade(state)
  if state.to then
    server.reply(state.to, "from the second")
  end
  return { n = state.n + 10 }
end

function second.call(state)
  return state.n
end

return server.entry(second)
