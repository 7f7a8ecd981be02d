-- A leaf of the tree. It tells the main process that it runs.

return function(main, place)
  process.send(main, "born", place)
  local events, crash = process.events(), process.listen("crash")
  local got = channel.select { events:case_receive(), crash:case_receive() }
  if got.channel == crash then
    error("told to crash", 0)
  end
end
