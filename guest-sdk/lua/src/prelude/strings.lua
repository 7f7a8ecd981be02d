-- Changes to the library string.

local native = ...
local error = error

-- The function in upvalue 2 of gsub gets the fields of a table whose metamethod may block.
string.gsub = native.choose("gsub", string.gsub, function(fields, key)
  return fields[key]
end)

string.dump = native.public(function()
  error("string.dump is not available: only text can be loaded", 3)
end)
