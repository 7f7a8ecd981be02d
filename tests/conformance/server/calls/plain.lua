-- No server, but it answers calls.
local server = require("server")

return function()
  local message = process.inbox():receive()
  local to, request = server.reply_to(message), server.request(message)
  assert(to.pid == message:from())
  assert(server.reply(message, request .. "!"))
  assert(server.reply_to(process.inbox():receive()) == nil)
end
