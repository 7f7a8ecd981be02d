-- Calls an operation that returns its argument, again and again.
return function(count, operation, value)
    local call = capability.call
    local answer
    for _ = 1, count do
        answer = assert(call(operation, value))
    end
    assert(answer == value)
end
