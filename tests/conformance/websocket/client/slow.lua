-- Answers nothing until the client has gone.
return function()
  process.events():receive()
end
