-- Tells the time five times, each while the client waits.
return function()
  local res = assert(http.response())
  for tick = 1, 5 do
    local err = res:write_event { name = "tick", data = { tick = tick, at = time.now():format_rfc3339() } }
    if err then
      return -- the client has gone
    end
    time.sleep("100ms")
  end
end
