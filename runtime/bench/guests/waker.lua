-- Sends a message to an echo that has been quiet for 10 ms, again and again. Its result says
-- how many nanoseconds each answer took: a string that holds one little-endian u32 for each.
return function(count, echo)
    local inbox = process.inbox()
    local pid = assert(process.spawn(echo, "bench:processes", count))
    local took = {}
    for i = 1, count do
        time.sleep("10ms")
        local began = time.now()
        assert(process.send(pid, "t", i))
        inbox:receive()
        took[i] = string.pack("<I4", time.now():sub(began):nanoseconds())
    end
    return table.concat(took)
end
