-- The failure of a process that nobody watches is a warning in the log.
-- shows: G-5, G-3
-- stderr: nobody watches me

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    error("nobody watches me")
  end
  local pid = assert(process.spawn(me, host, "child"))
  while process.send(pid, "are you there?") do
    time.sleep("1ms")
  end
  -- Later records are logged later.
  logger.warn("end of main")
end
