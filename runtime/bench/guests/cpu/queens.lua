-- Arrays of booleans and recursion: eight queens on a board.
local free_rows, free_ups, free_downs, rows

local function place(column)
    for row = 1, 8 do
        if free_rows[row] and free_ups[column + row] and free_downs[column - row + 8] then
            rows[row] = column
            free_rows[row], free_ups[column + row], free_downs[column - row + 8] = false, false, false
            if column == 8 or place(column + 1) then return true end
            free_rows[row], free_ups[column + row], free_downs[column - row + 8] = true, true, true
        end
    end
    return false
end

local function full(count)
    local list = {}
    for i = 1, count do list[i] = true end
    return list
end

return function(count)
    local solved = 0
    for _ = 1, count do
        free_rows, free_ups, free_downs, rows = full(8), full(16), full(16), {}
        if place(1) then solved = solved + rows[1] end
    end
    return solved
end
