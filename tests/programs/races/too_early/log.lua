return function()
  assert(process.registry.register("log"))
  process.listen("line"):receive()
end
