-- An error raised and caught.
local function fail(i)
    error(i)
end

return function(count)
    local result = 0
    for i = 1, count do
        local ok, value = pcall(fail, i)
        if not ok and value then result = result + 1 end
    end
    return result
end
