local server = require("server")
local slow = {}

function slow.init()
  return {}
end

function slow.call(state, request, message)
  if request == "now" then
    return "now"
  elseif request == "answer" then
    for place, to in ipairs(state) do
      assert(server.reply(to, "late"))
      state[place] = nil
    end
    return "answered"
  end
  state[#state + 1] = server.reply_to(message)
  return server.noreply
end

return server.entry(slow)
