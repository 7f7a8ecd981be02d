-- Waits for a message and sends so many of 64 bytes to whoever sent it.
return function(count)
    local to = process.inbox():receive():from()
    local payload = string.rep("0123456789abcdef", 4)
    for _ = 1, count do assert(process.send(to, "t", payload)) end
end
