-- Answers each message with itself.
return function()
  local inbox = process.inbox()
  while true do
    local message = inbox:receive()
    if message:topic() == "ws.message" then
      process.send(message:from(), "echo", message:payload())
    end
  end
end
