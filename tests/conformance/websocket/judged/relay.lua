return function()
  local req = assert(http.request())
  local wish = json.encode { target_pid = req:param("target") }
  local header = req:path():find("^/ws/") and "X-WS-Relay" or "X-SSE-Relay"
  return { headers = { [header] = wish } }
end
