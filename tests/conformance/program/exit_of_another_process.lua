-- os.exit in another process ends that process only.
-- shows: A-10
-- stdout: still here

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    os.exit(3)
  end
  local pid = assert(process.spawn_monitored(me, host, "child"))
  assert(process.events():receive().from == pid)
  print("still here")
end
