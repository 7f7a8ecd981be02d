-- The functions of `os` that lead outside, or are left out.

local native = ...
local public = native.public
local error = error

os.clock, os.exit = native.clock, native.exit
os.platform = "warren"

-- Without a command, whether there is a shell.
os.execute = public(function(command)
  if command == nil then
    return false
  end
  error("os.execute is not available: a process runs in a sandbox", 3)
end)

os.tmpname = public(function()
  error("os.tmpname is not available: a process runs in a sandbox", 3)
end)
