-- A server that answers the calls of a round in reverse, or ends.
local server = require("server")
local echo = {}

function echo.init(round)
  return { round = round, waiting = {} }
end

function echo.call(state, request, message)
  if request == "fail" then
    return server.finish(errors.new { kind = errors.CONFLICT, message = "broken" })
  end
  table.insert(state.waiting, { server.reply_to(message), request })
  if #state.waiting == state.round then
    for place = state.round, 1, -1 do
      server.reply(table.unpack(state.waiting[place]))
    end
    state.waiting = {}
  end
  return server.noreply
end

return server.entry(echo)
