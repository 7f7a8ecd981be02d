-- `table.sort`, with and without a function that compares.
return function(count)
    local seed, numbers = 42, {}
    for i = 1, count do
        seed = (seed * 1103515245 + 12345) % 2147483648
        numbers[i] = seed
    end
    local copy = table.move(numbers, 1, count, 1, {})
    table.sort(numbers)
    table.sort(copy, function(a, b) return a > b end)
    assert(numbers[1] == copy[count] and numbers[count] == copy[1])
    return numbers[count // 2]
end
