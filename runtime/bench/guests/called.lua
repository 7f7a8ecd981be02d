-- A server that replies with the request, and ends after this many.
local server = require("server")
local called = {}

function called.init(count)
    return { left = count }
end

function called.call(state, request)
    state.left = state.left - 1
    if state.left == 0 then
        return server.finish(nil, request)
    end
    return request
end

return server.entry(called)
