return function()
  local req = assert(http.request())
  local wish = { target_pid = req:query("target"), message_topic = "said", metadata = "m" }
  wish.idle_timeout, wish.hard_timeout = req:query("idle"), req:query("hard")
  wish.heartbeat_interval = req:query("beat")
  return { headers = { ["X-SSE-Relay"] = json.encode(wish), ["X-Own"] = "kept" } }
end
