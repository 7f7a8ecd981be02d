return function()
  local messages = process.listen("echo", { message = true })
  while true do
    local message = messages:receive()
    assert(process.send(message:from(), "echoed", message:payload()))
  end
end
