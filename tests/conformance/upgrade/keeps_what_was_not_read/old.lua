return function(parent)
  -- Listening on one topic leaves the questions to the next code.
  local upgrade = process.listen("upgrade")
  local inbox = process.inbox()
  process.send(parent, "answer", "old " .. inbox:receive():payload())
  local value, err = process.upgrade(upgrade:receive(), parent)
  assert(value == nil and errors.is(err, errors.INVALID) and err:find("broken.lua:1:", 1, true), tostring(err))
  process.send(parent, "answer", "still old")
  process.upgrade(upgrade:receive(), parent)
  error("not reached")
end
