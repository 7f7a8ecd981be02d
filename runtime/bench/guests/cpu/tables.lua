-- Tables as arrays, records and dictionaries, made and thrown away.
return function(count)
    local result = 0
    for i = 1, count do
        local list = {}
        for j = 1, 50 do list[#list + 1] = j * i end
        table.insert(list, 1, i)
        result = result + table.remove(list) % 7
        local index = {}
        for j, value in ipairs(list) do index["k" .. value % 23] = j end
        for _, value in pairs(index) do result = result + value end
        local record = { name = i, inner = { x = i, y = -i } }
        result = result + record.inner.x + record.inner.y + select("#", table.unpack(list))
    end
    return result
end
