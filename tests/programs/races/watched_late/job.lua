return function()
  time.sleep("2ms")
  return "done"
end
