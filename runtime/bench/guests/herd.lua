-- Starts so many processes that are all alive at once, then sends each a
-- message, upon which it ends, and waits for the news of all exits. Its result
-- is the nanoseconds that took for all but the first.
return function(count, definition)
    local events = process.events()
    local began
    local members = {}
    for i = 1, count do
        members[i] = assert(process.spawn_monitored(definition, "bench:processes"))
        -- The first waits for its code to be loaded.
        began = began or time.now()
    end
    for i = 1, count do assert(process.send(members[i], "t")) end
    for _ = 1, count do events:receive() end
    return time.now():sub(began):nanoseconds()
end
