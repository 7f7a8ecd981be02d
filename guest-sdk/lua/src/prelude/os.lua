-- What of `os` leads outside, or is left out.

local native = ...
local error = error

os.clock, os.exit = native.clock, native.exit

-- Without a command, whether there is a shell.
function os.execute(command)
  if command == nil then
    return false
  end
  error("os.execute is not available: a process runs in a sandbox", 2)
end

function os.tmpname()
  error("os.tmpname is not available: a process runs in a sandbox", 2)
end
