-- The service: it tells its node to whoever asks.
print("the clock runs on " .. process.node())
local inbox = process.inbox()
while true do
  local message = inbox:receive()
  if message:topic() == "end" then
    return
  end
  process.send(message:from(), "node", process.node())
end
