-- Sends a value to an echo and waits for it to come back, again and again.
return function(count, echo, value)
    local inbox = process.inbox()
    local pid = assert(process.spawn(echo, "bench:processes", count))
    local answer
    for _ = 1, count do
        assert(process.send(pid, "t", value))
        answer = inbox:receive():payload()
    end
    assert(type(answer) == type(value) and #answer == #value)
end
