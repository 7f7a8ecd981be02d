-- Hands its work over before it ends.
return function(to)
  assert(process.registry.register("worker"))
  process.events():receive()
  process.send(to, "work", 1)
end
