-- Passes each token on, and ends after 0.
return function(next)
    local inbox = process.inbox()
    repeat
        local token = inbox:receive():payload()
        assert(process.send(next, "t", token))
    until token == 0
end
