-- Ends the loop.
return function()
  assert(process.terminate("loop"))
end
