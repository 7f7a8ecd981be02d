-- Receives so many messages, says so to the sender of the last, and ends.
return function(count)
    local inbox = process.inbox()
    local message
    for _ = 1, count do message = inbox:receive() end
    assert(process.send(message:from(), "t"))
end
