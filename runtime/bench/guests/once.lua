-- Waits for a message and ends.
return function()
    process.inbox():receive()
end
