return function()
  local go = process.listen("go")
  assert(process.send("main", "begun", process.pid()))
  go:receive()
  return "answered"
end
