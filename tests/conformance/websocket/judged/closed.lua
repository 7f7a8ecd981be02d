-- Hears nothing but the end.
return function()
  local message = process.inbox():receive()
  assert(message:topic() == "stop", message:topic())
end
