-- tries: never end, by a variable whose closing does not return, while os.exit closes
-- end: terminated
local _ <close> = setmetatable({}, { __close = function() while true do end end })
os.exit(0, true)
