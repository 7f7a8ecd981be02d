-- Answers late enough for others to have answered before.
local server = require("server")
return server.entry {
  call = function()
    time.sleep("100ms")
    return "no"
  end,
}
