local server = require("server")
local first = {}

function first.call(state, request, message)
  if request == "get" then
    return state.n
  elseif request == "spoil" then
    state.f = print
    return true
  elseif request == "reply" then
    return server.become("app:second", { f = print })
  elseif request == "later" then
    state.to = server.reply_to(message)
    return server.become("app:second")
  end
  return server.become("app:" .. request, "the reply")
end

return server.entry(first)
