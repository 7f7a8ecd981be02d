-- Replaces the first value once it hears of it.
return function(register)
  process.listen("told"):receive()
  time.sleep("2ms")
  process.send(register, "set", "second")
end
