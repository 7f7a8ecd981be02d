-- Sends each message back to its sender, and ends after this many.
return function(count)
    local inbox = process.inbox()
    for _ = 1, count do
        local message = inbox:receive()
        assert(process.send(message:from(), message:topic(), message:payload()))
    end
end
