-- Answers with lists of many tables: few bytes, and much memory where they are read.
local server = require("server")

local function list()
  local all, empty = {}, {}
  for place = 1, 400000 do
    all[place] = empty
  end
  return all
end

return server.entry {
  call = function(_, request, message)
    if request == "small" then
      return "small"
    end
    return list()
  end,
  cast = function(_, to)
    assert(process.send(to, "list", list()))
  end,
}
