-- The whole file is the program.
local req = assert(http.request())
return req:method() .. " " .. req:path()
