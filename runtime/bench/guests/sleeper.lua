-- Sleeps for 2 ms, again and again. Its result says how many nanoseconds too
-- late it woke each time: a string that holds one little-endian u32 for each.
return function(count)
    local late = {}
    for i = 1, count do
        local began = time.now()
        time.sleep("2ms")
        local slept = time.now():sub(began):nanoseconds()
        late[i] = string.pack("<I4", math.max(slept - 2000000, 0))
    end
    return table.concat(late)
end
