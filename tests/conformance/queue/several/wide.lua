return function()
  local go = process.listen("go")
  assert(process.send("main", "began", process.pid()))
  go:receive()
end
