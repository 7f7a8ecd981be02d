-- Tells another process what it is told.
return function(pid)
  local inbox = process.inbox()
  while true do
    local message = inbox:receive()
    local topic, value = message:topic(), message:payload()
    if topic == "stop" then
      return
    elseif topic == "ws.join" then
      process.send(pid, "other", value)
    elseif topic == "said" then
      process.send(pid, "heard", value)
    end
  end
end
