-- Every process has Lua itself and the process API, and nothing else is left here.
local libraries = {}
for name, value in pairs(_G) do
  if type(value) == "table" and name ~= "_G" then
    libraries[#libraries + 1] = name
  end
end
table.sort(libraries)
local names = table.concat(libraries, " ")
assert(names == "channel coroutine debug errors io math os package process string table utf8", names)
return function()
  assert(process.send(process.pid(), "t", 1) and process.listen("t"):receive() == 1)
  return "none"
end
