-- As in Lua: what `__tostring` returns must be a string.
-- shows: I-2
assert(not pcall(print, setmetatable({}, { __tostring = function() return {} end })))
assert(not pcall(io.write, {}))
