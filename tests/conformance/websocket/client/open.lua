return function()
  return { headers = { ["X-WS-Relay"] = json.encode { target_pid = "app:echo" } } }
end
