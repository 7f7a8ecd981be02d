-- tries: to take all memory of the machine with strings
-- end: failed RateLimited
-- says: memory
local kept = {}
while true do kept[#kept + 1] = ("x"):rep(1 << 20) .. #kept end
