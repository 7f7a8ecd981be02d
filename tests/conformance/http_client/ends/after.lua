return function()
  process.inbox():receive()
end
