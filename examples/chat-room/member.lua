-- A member of the room, who follows a script: a list of what it waits to hear,
-- and what it does then.

-- Any process can find the room by its name; nobody handed us a PID.
local ROOM = "room"

return function(name, script, parent)
  local lines = process.listen("line")
  assert(process.send(ROOM, "join", name))
  assert(lines:receive() == ("* %s joins"):format(name))
  local _ = process.send(parent, "seated")

  for _, step in ipairs(script) do
    repeat
      local line = lines:receive()
    until line:find(step.hears, 1, true)

    if step.crashes then
      error("the trick went wrong")
    end
    local _ = process.send(ROOM, "say", step.says)
    if step.leaves then
      local _ = process.send(ROOM, "leave")
    end
  end
end
