return function()
  process.listen("end"):receive()
end
