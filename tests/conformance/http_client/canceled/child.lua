-- Sends a request, and tells of its CANCEL and of the answer.
return function(at)
  local events = process.events()
  coroutine.spawn(function()
    assert(process.send("main", "told", events:receive().kind))
  end)
  local response = assert(http_client.get(at .. "/"))
  assert(process.send("main", "told", response.body))
end
