-- A main that fails ends the program with status 1 and says why, where and who.
-- shows: A-8
-- status: 1
-- stderr: a_failed_main.lua:9: on purpose
-- stderr: traceback
-- stderr: {app:processes|0x00001}

local function inner()
  error("on purpose")
end

return function()
  inner()
end
