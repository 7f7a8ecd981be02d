-- What of `io` leads outside.

local error = error

for _, name in ipairs { "popen", "tmpfile" } do
  io[name] = function()
    error("io." .. name .. " is not available: a process runs in a sandbox", 2)
  end
end
