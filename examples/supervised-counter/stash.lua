-- Keeps values for other processes, by key.

return function()
  local values = {}
  local events, inbox = process.events(), process.inbox()
  while true do
    local got = channel.select { events:case_receive(), inbox:case_receive() }
    if got.channel == events then
      return -- the supervisor stops it
    end
    local message = got.value
    local key, value = message:payload()
    if message:topic() == "put" then
      values[key] = value
    elseif message:topic() == "get" then
      -- The process that asked may have ended meanwhile.
      local _ = process.send(message:from(), "stashed", values[key])
    end
  end
end
