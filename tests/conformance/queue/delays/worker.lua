return function(value)
  assert(process.send("main", "told", value))
end
