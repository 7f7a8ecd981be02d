local server = require("server")
local ends = {}

function ends.call(_, request)
  if request == "raise" then
    error("on purpose")
  elseif request == "fail" then
    return server.finish(errors.new { kind = errors.CONFLICT, message = "broken", details = { a = 1 } })
  elseif request == "end" then
    return server.finish()
  elseif request == "reply" then
    return server.finish(nil, "bye")
  end
  return server.noreply
end

return server.entry(ends)
