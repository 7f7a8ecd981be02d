return function()
  local req = assert(http.request())
  local wish = json.encode { target_pid = req:param("target") }
  return { headers = { ["X-WS-Relay"] = wish, ["X-SSE-Relay"] = wish } }
end
