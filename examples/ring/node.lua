-- One node of the ring: passes on what it gets.

return function(successor)
  local token = process.listen("token")
  while true do
    local value = token:receive()
    assert(process.send(successor, "token", value))
  end
end
