return function()
  process.listen("stop"):receive()
end
