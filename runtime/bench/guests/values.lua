-- Sends a value of some depth to itself and receives it: encodes and decodes.
return function(count)
    local inbox, own = process.inbox(), process.pid()
    local items = {}
    for i = 1, 16 do
        items[i] = { id = i * 1000, price = i / 4, name = "item " .. i, tags = { "a", "b" }, sold = i % 2 == 0 }
    end
    local value = { order = 4711, items = items, note = string.rep("x", 100) }
    for _ = 1, count do
        assert(process.send(own, "t", value))
        local copy = inbox:receive():payload()
        assert(copy.order == 4711)
    end
end
