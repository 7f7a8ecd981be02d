-- Steps in if nobody serves any more.
return function()
  time.sleep("4ms")
  if not process.registry.lookup("worker") then
    process.registry.register("worker")
  end
  process.listen("stop"):receive()
end
