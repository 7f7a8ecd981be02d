-- Starts a process, waits for the news of its exit, and starts the next.
return function(count, definition)
    local events = process.events()
    for _ = 1, count do
        local pid = assert(process.spawn_monitored(definition, "bench:processes"))
        local event = events:receive()
        assert(event.kind == process.event.EXIT and event.from == pid)
    end
end
