local server = require("server")

return server.entry {
  upgrade = function()
    return nil, errors.new { kind = errors.CONFLICT, message = "not this state" }
  end,
}
