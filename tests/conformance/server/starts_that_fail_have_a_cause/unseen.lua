return function()
  process.events():receive()
end
