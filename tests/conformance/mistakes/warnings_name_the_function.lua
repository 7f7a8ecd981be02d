-- A warning names the function that was called, also a method of a spawner.
-- shows: ME-3
-- stderr: warnings_name_the_function.lua:15: the error of spawner:spawn is discarded
-- stderr: warnings_name_the_function.lua:16: the error of spawner:spawn_monitored is discarded
-- stderr: warnings_name_the_function.lua:17: the error of spawner:spawn_linked is discarded
-- stderr: warnings_name_the_function.lua:18: the error of spawner:spawn_linked_monitored is discarded
-- stderr: warnings_name_the_function.lua:19: the error of spawner:exec is discarded
-- stderr: warnings_name_the_function.lua:20: the error of spawner:exec is discarded
-- stderr: warnings_name_the_function.lua:21: the error of process.exec is discarded

return function(role)
  if role then return nil, "failed" end
  local spawner, me = assert(process.with_context {}), process.id():match("[^#]+")

  spawner:spawn("app:nothing")
  spawner:spawn_monitored("app:nothing")
  spawner:spawn_linked("app:nothing")
  spawner:spawn_linked_monitored("app:nothing")
  spawner:exec("app:nothing")
  spawner:exec(me, nil, "callee")
  process.exec(me, nil, "callee")
end
