-- A switch to a coroutine and back.
return function(count)
    local generator = coroutine.wrap(function()
        for i = 1, count do coroutine.yield(i) end
        return 0
    end)
    local result = 0
    for _ = 1, count do result = result + generator() end
    return result
end
