-- Starts processes until there is no more room, and says what was in the way.
return function()
    local count = 0
    while true do
        local pid, err = process.spawn("app:idle", "app:processes")
        if not pid then
            local details = err:details()
            print(err:kind(), err:retryable(), details.limit, details.value, details.needed, count)
            print(err:message())
            return
        end
        count = count + 1
    end
end
