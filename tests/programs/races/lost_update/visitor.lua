return function(counter, after)
  local values = process.listen("value")
  time.sleep(after)
  process.send(counter, "request", "get")
  process.send(counter, "request", "set", values:receive() + 1)
  -- The answer to "set".
  values:receive()
end
