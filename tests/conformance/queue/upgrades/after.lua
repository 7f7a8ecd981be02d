return function()
  local go = process.listen("go")
  local _, err = queue.message()
  assert(process.send("main", "told", { pid = process.pid(), why = tostring(err) }))
  go:receive()
end
