-- One node of the ring: passes on what it gets.

return function(successor)
  local token = process.listen("token")
  while true do
    -- In parentheses, because `receive` returns a second value: whether there
    -- was one.
    assert(process.send(successor, "token", (token:receive())))
  end
end
