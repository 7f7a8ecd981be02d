-- A POST is a visit; a GET only looks.
local counter = require("counter")

return function()
  local req = assert(http.request())
  local more = req:method() == http.METHOD.POST and 1 or 0
  return { visits = assert(counter.add(more)) }
end
