-- A node of a tree: a leaf sends its number to its parent, any other starts ten
-- children, adds up what they send and passes the sum on. The root returns it.
-- Above a certain size, children run one after the other.
return function(number, size, at_once, parent)
    local sum = 0
    if size == 1 then
        sum = number
    else
        local inbox = process.inbox()
        local own, step, waiting = process.pid(), size // 10, 0
        for i = 0, 9 do
            local child = process.spawn("bench:skynet.lua", "bench:processes",
                number + i * step, step, at_once, own)
            if not child then
                -- No place: a sum that cannot be right, which the root reports.
                sum = sum + (1 << 56)
            elseif size <= at_once then
                waiting = waiting + 1
            else
                sum = sum + inbox:receive():payload()
            end
        end
        for _ = 1, waiting do sum = sum + inbox:receive():payload() end
    end
    if parent == "" then return sum end
    assert(process.send(parent, "t", sum))
end
