-- tries: leave half a line behind, again and again, as a process that is terminated
-- end: returned
return function(how)
  if how == "half" then
    io.write(("x"):rep(60000))
    io.stderr:write(("x"):rep(60000))
    process.inbox():receive()
  end
  local events = process.events()
  for _ = 1, 100 do
    local child = process.spawn_monitored("app:attack", "app:attackers", "half")
    process.terminate(child)
    events:receive()
  end
end
