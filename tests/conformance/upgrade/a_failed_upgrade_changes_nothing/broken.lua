-- Not Lua.
x = = 1
