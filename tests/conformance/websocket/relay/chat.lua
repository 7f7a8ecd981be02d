return function()
  local req = assert(http.request())
  local wish = { target_pid = req:param("target") or "main", metadata = { room = req:query("room") } }
  wish.heartbeat_interval, wish.message_topic = req:query("beat"), req:query("topic")
  return { status = 200, headers = { ["X-WS-Relay"] = json.encode(wish), ["X-Own"] = "kept" } }
end
