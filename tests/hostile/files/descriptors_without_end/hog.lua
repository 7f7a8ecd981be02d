return function(parent)
  local open = {}
  local file, err, number
  repeat
    file, err, number = io.open("warren.toml")
    open[#open + 1] = file
  until not file
  assert(number == 24, err)
  process.send(parent, "full", #open)
  process.inbox():receive()
end
