-- Keeps a number for others, who read it and write it back.
return function()
  local value = 0
  local requests = process.listen("request", { message = true })
  while true do
    local request = requests:receive()
    local action, new = request:payload()
    if action == "set" then
      value = new
    end
    process.send(request:from(), "value", value)
  end
end
