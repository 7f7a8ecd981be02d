-- Sends 64 bytes to each of 1,000 receivers, again and again, and waits until
-- each has said that it has all. Its result is the nanoseconds that took.
return function(count, definition)
    local inbox = process.inbox()
    local payload = string.rep("0123456789abcdef", 4)
    local receivers = {}
    for i = 1, 1000 do
        receivers[i] = assert(process.spawn(definition, "bench:processes", count))
    end
    local began = time.now()
    for _ = 1, count do
        for i = 1, 1000 do
            assert(process.send(receivers[i], "t", payload))
        end
    end
    for _ = 1, 1000 do inbox:receive() end
    return time.now():sub(began):nanoseconds()
end
