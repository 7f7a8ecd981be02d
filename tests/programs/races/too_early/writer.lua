return function()
  time.sleep("3ms")
  assert(process.send("log", "line", "here I am"))
end
