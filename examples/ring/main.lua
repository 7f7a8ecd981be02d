-- A ring of N processes passes a token around M times: the classic measure of
-- what a message costs.
--
--     warren run examples/ring [N] [M]

local function positive(text, default)
  local number = math.tointeger(text or default)
  if not number or number < 1 then
    error(("'%s' is not a positive integer"):format(text), 0)
  end
  return number
end

return function(n, m)
  local size, laps = positive(n, 1000), positive(m, 100)

  -- The ring is built backwards: every node is born knowing its successor, and
  -- the last one's successor is this process, which closes the ring.
  local successor = process.pid()
  for _ = 2, size do
    successor = assert(process.spawn("app:node", "app:processes", successor))
  end

  local token = process.listen("token")
  local began = time.now()
  for lap = 1, laps do
    assert(process.send(successor, "token", lap))
    assert(token:receive() == lap, "the token was lost")
  end
  local seconds = time.now():sub(began):seconds()

  local messages = size * laps
  print(("%d processes, %d laps: %d messages in %.3f s, %.0f messages per second"):format(
    size, laps, messages, seconds, messages / seconds))
  -- The nodes still wait for a token. They end with the program, because none
  -- of them asked to be told first (see `process.events`).
end
