-- Text built from pieces: joined at once, and by one more piece each time.
return function(count)
    local result = 0
    for i = 1, count do
        local parts = {}
        for j = 1, 40 do parts[j] = j * i end
        local joined = table.concat(parts, ", ")
        local grown = ""
        for j = 1, 20 do grown = grown .. parts[j] .. ";" end
        result = result + #joined + #grown
    end
    return result
end
