-- Serves under a name, and fails once.
return function(fails)
  assert(process.registry.register("worker"))
  if fails then
    error("out of order")
  end
  process.listen("stop"):receive()
end
