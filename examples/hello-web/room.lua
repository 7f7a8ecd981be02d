-- Tells everybody what one of them says.
local server = require("server")

return server.entry {
  info = function(names, message)
    local topic, client = message:topic(), message:from()
    if topic == "ws.join" then
      names[client] = message:payload().metadata.name
    elseif topic == "ws.leave" then
      names[client] = nil
    elseif topic == "ws.message" then
      local said = { by = names[client], text = message:payload() }
      for pid in pairs(names) do
        -- A client that reads too slowly misses it, and nobody else does.
        local _ = process.send(pid, "said", said)
      end
    end
  end,
}
