-- The definition `app:greeter`, by its place. It runs until the program ends.
return function()
  local requests = process.listen("greet", { message = true })
  while true do
    local message = requests:receive()
    local name = message:payload()
    process.send(message:from(), "reply", ("hello, %s, from process %s"):format(name, process.pid()))
  end
end
