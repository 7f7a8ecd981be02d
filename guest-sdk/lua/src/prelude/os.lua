-- What of `os` leads outside, or is left out.

local native = ...
local exit = native.exit
local tointeger = math.tointeger
local error = error

os.clock = native.clock

function os.exit(code)
  if code == nil or code == true then
    code = 0
  elseif code == false then
    code = 1
  end
  exit(tointeger(code) or error("bad argument #1 to 'exit' (number has no integer representation)", 2))
end

for _, name in ipairs { "execute", "tmpname" } do
  os[name] = function()
    error("os." .. name .. " is not available: a process runs in a sandbox", 2)
  end
end
