-- Starts processes that each answer some messages and wait for the next, and
-- says when all of them do.
return function(processes, messages)
  local inbox = process.inbox()
  for _ = 1, tonumber(processes) do
    local pid = assert(process.spawn("app:echo", "app:processes"))
    for _ = 1, tonumber(messages) do
      assert(process.send(pid, "ping", string.rep("0123456789abcdef", 4)))
      inbox:receive()
    end
  end
  print("parked")
  inbox:receive()
end
