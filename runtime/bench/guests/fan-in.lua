-- Tells 1,000 senders to begin and receives all they send. Its result is the
-- nanoseconds that took.
return function(count, definition)
    local inbox = process.inbox()
    local senders = {}
    for i = 1, 1000 do
        senders[i] = assert(process.spawn(definition, "bench:processes", count))
    end
    local began = time.now()
    for i = 1, 1000 do assert(process.send(senders[i], "t")) end
    for _ = 1, 1000 * count do inbox:receive() end
    return time.now():sub(began):nanoseconds()
end
