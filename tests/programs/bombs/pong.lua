-- Sends each ping back.
local pings = process.listen("ping", { message = true })
while true do
  local message = pings:receive()
  assert(process.send(message:from(), "pong", message:payload()))
end
