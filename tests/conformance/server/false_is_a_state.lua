-- The argument of a start is the state of a server without `init`, also false.
-- shows: SV-8

local server = require("server")

local me = process.id():match("[^#]+")

local handlers = {
  call = function(state)
    return type(state) .. " " .. tostring(state ~= false)
  end,
}

return function(...)
  if ... then
    return server.run(handlers, ...)
  end
  assert(server.call(assert(server.start(me, false))) == "boolean false")
  assert(server.call(assert(server.start(me))) == "table true")
end
