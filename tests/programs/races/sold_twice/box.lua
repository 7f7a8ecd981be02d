-- Sells a ticket to those who have asked whether one is left.
return function()
  local left = 1
  local requests = process.listen("request", { message = true })
  while true do
    local request = requests:receive()
    if request:payload() == "buy" then
      left = left - 1
    end
    process.send(request:from(), "left", left)
  end
end
