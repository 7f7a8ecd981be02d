-- os.exit in the first process ends the program with that status.
-- shows: A-9
-- status: 7
-- stdout: before

local me, host = process.id():match("[^#]+"), "app:processes"

return function(role)
  if role then
    while true do end
  end
  assert(process.spawn(me, host, "child"))
  print("before")
  pcall(os.exit, 7)
  print("after")
end
