return function()
  local ping = process.listen("ping", { message = true })
  while true do
    local message = ping:receive()
    assert(process.send(message:from(), "pong", message:payload()))
  end
end
