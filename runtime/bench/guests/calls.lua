-- Calls a server with a value, again and again.
local server = require("server")

return function(count, definition, value)
    local pid = assert(server.start(definition, count, { host = "bench:processes" }))
    local answer
    for _ = 1, count do
        answer = assert(server.call(pid, value))
    end
    assert(type(answer) == type(value) and #answer == #value)
end
