-- Is held by one process at a time.
return function()
  local requests = process.listen("lock", { message = true })
  local releases = process.listen("unlock")
  while true do
    process.send(requests:receive():from(), "locked")
    releases:receive()
  end
end
