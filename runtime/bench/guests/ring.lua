-- A ring of 503 processes, this one included, around which a token goes: so
-- many laps. Its result is the nanoseconds they took.
return function(laps, member)
    local inbox = process.inbox()
    local next = process.pid()
    for _ = 1, 502 do next = assert(process.spawn(member, "bench:processes", next)) end
    local began = time.now()
    for _ = 1, laps do
        assert(process.send(next, "t", 1))
        inbox:receive()
    end
    local took = time.now():sub(began):nanoseconds()
    -- The last lap ends them.
    assert(process.send(next, "t", 0))
    inbox:receive()
    return took
end
