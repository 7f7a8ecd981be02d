-- tries: never end, by finalizers that make objects with finalizers
-- end: returned
local metatable = {}
function metatable.__gc() for i = 1, 3 do _G["kept" .. i] = setmetatable({}, metatable) end end
for i = 1, 1000 do _G["first" .. i] = setmetatable({}, metatable) end
collectgarbage()
