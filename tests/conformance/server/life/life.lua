local server = require("server")
local life = {}

function life.init(parent)
  return { parent = parent, n = 1 }
end

function life.call(state, request)
  if request == "get" then
    return state.n
  elseif request == "upgrade" then
    return server.become("app:second", "upgrading")
  elseif request == "raise" then
    error("raised")
  end
end

function life.event(state, event)
  process.send(state.parent, "event", event.kind)
end

function life.terminate(state, reason)
  process.send(state.parent, "terminated", reason and tostring(reason) or "normal")
end

return server.entry(life)
