-- Turns the request into a WebSocket, whose messages go to the room.
return function()
  local req = assert(http.request())
  return { headers = { ["X-WS-Relay"] = json.encode {
    target_pid = "app:room",
    metadata = { name = req:query("name") or "somebody" },
  } } }
end
