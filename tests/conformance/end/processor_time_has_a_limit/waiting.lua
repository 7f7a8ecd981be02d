return function()
  return process.listen("question"):receive()
end
