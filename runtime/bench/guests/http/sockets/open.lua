-- Turns the request into a WebSocket. No heartbeat comes while the sockets are measured.
return function()
  return { headers = { ["X-WS-Relay"] = json.encode {
    target_pid = "app:room",
    heartbeat_interval = "1h",
  } } }
end
