-- What of `io` leads outside.

local native = ...
local public = native.public
local error = error

for _, name in ipairs { "popen", "tmpfile" } do
  io[name] = public(function()
    error("io." .. name .. " is not available: a process runs in a sandbox", 3)
  end)
end
