-- Sends each message back to its sender.
return function()
  local inbox = process.inbox()
  while true do
    local message = inbox:receive()
    assert(process.send(message:from(), message:topic(), message:payload()))
  end
end
