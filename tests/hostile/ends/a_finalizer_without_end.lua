-- tries: never end, by a finalizer that runs at the end and does not return
-- end: terminated
kept = setmetatable({}, { __gc = function() while true do end end })
return 1
