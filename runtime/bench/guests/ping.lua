-- Sends 64 bytes to an echo and waits for them to come back, again and again.
return function(count, echo)
    local inbox = process.inbox()
    local payload = string.rep("0123456789abcdef", 4)
    local pid = assert(process.spawn(echo, "bench:processes", count))
    for _ = 1, count do
        assert(process.send(pid, "ping", payload))
        local message = inbox:receive()
        assert(message:payload() == payload)
    end
end
