-- The messages about a run of cases, to the process that has asked for them.

local process_send, sleep, is, RATE_LIMITED = process.send, time.sleep, errors.is, errors.RATE_LIMITED
local type = type

-- Attempts to send to a process that does not read as fast as cases end.
local ATTEMPTS <const> = 100

-- Returns the function that sends a message of a type with its data, by the options of the
-- run: { pid =, topic =, ref_id = }. Without a `pid` it sends nothing.
return {
  sender = function(options)
    options = type(options) == "table" and options or {}
    local pid, topic = options.pid, options.topic or "test:update"
    if type(pid) ~= "string" then
      return function() end
    end
    return function(kind, data)
      data.ref_id = options.ref_id
      local message = { type = kind, data = data }
      local sent, err = process_send(pid, topic, message)
      local attempts = 1
      while not sent and attempts < ATTEMPTS and is(err, RATE_LIMITED) do
        attempts = attempts + 1
        sleep("10ms")
        sent, err = process_send(pid, topic, message)
      end
    end
  end,
}
