-- Tells its client that it runs, and then computes without end.
return function()
  local response = assert(http.response())
  assert(process.registry.register("loop"))
  assert(not response:write("runs"))
  while true do end
end
