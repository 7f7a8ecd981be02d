-- Sending to processes that may not keep up. Every queue has its limit, set by
-- `max_queue` in warren.toml; a full one refuses with an error that says so:
-- RATE_LIMITED, which is worth another try.

local send = {}

-- Sends a message if its receiver has room. Any other trouble is raised.
function send.try(to, topic, ...)
  local sent, err = process.send(to, topic, ...)
  if not sent and not errors.is(err, errors.RATE_LIMITED) then
    error(err)
  end
  return sent
end

-- Sends a message as soon as its receiver has room.
function send.wait(to, topic, ...)
  local pause = 1
  while not send.try(to, topic, ...) do
    time.sleep(pause .. "ms")
    pause = math.min(2 * pause, 20)
  end
end

return send
