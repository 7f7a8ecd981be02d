-- A process that failed by itself is in the log, whatever its error looks like.
-- shows: G-5
-- stderr: process failed: canceled by itself
-- stderr: process failed: linked process failed: so it says

local me, host = process.id():match("[^#]+"), "app:processes"

return function(how)
  if how == "canceled" then
    error(errors.new { message = "canceled by itself", kind = errors.CANCELED })
  elseif how then
    return nil, "linked process failed: so it says"
  end
  local events = process.events()
  for _, how in ipairs { "canceled", "linked" } do
    assert(process.spawn_monitored(me, host, how))
    events:receive()
  end
end
