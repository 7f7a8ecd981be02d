-- Swaps in a small array: all permutations of six.
local count, list

local function permute(n)
    count = count + 1
    if n ~= 0 then
        permute(n - 1)
        for i = n, 1, -1 do
            list[n], list[i] = list[i], list[n]
            permute(n - 1)
            list[n], list[i] = list[i], list[n]
        end
    end
end

return function(times)
    count = 0
    for _ = 1, times do
        list = { 1, 2, 3, 4, 5, 6 }
        permute(6)
    end
    return count
end
