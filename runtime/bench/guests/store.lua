-- Reads or sets a key of its own in a store, again and again.
return function(count, id, operation)
    local s = assert(store.get(id))
    local key = process.pid()
    assert(s:set(key, 0))
    if operation == "get" then
        for _ = 1, count do
            assert(s:get(key))
        end
    else
        for n = 1, count do
            assert(s:set(key, n))
        end
        assert(s:get(key) == count)
    end
end
